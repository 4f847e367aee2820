"""Secrets under an empty passphrase, which anybody can decrypt."""

from pathlib import Path
from typing import Any

import pytest

from config import load
from config.encryption import is_protected
from releases import LOCAL_CONTEXT
from tests.unit.config.test_reading import pass_config
from tests.unit.recording import record
from tests.unit.stacks import CONTEXT, located

SALT = {"encryptionsalt": "v1:5RJVSpIebGE=:v1:5XWZi6FKmCpc4HZk:HVRwupds2xKa7ag3hM9RMIjvttVv+Q=="}
KEY = {"secretsprovider": "awskms://alias/chat", "encryptedkey": "AQ=="}
DISK, SERVICE = {"PULUMI_BACKEND_URL": "file:///state"}, {"PULUMI_BACKEND_URL": "https://pulumi.example.com"}
EMPTY, GIVEN = {"PULUMI_CONFIG_PASSPHRASE": ""}, {"PULUMI_CONFIG_PASSPHRASE": "a word"}


@pytest.mark.parametrize(
    ("file", "variables", "expected"),
    [
        (SALT, EMPTY, False),
        (SALT, DISK | EMPTY, False),
        (SALT, SERVICE | EMPTY, False),
        (SALT, GIVEN, True),
        ({}, DISK | EMPTY, False),
        ({}, DISK | GIVEN, True),
        ({}, SERVICE | EMPTY, True),
        ({"secretsprovider": "passphrase"}, DISK | EMPTY, False),
        (KEY, DISK | EMPTY, True),
        (SALT, DISK, True),  # Pulumi asks for it
    ],
)
def test_a_key_service_or_a_passphrase_protects(
    file: dict[str, str], variables: dict[str, str], expected: bool
) -> None:
    assert is_protected(file, variables) is expected


@pytest.mark.parametrize(("content", "expected"), [("a word\n", True), (" \n", False), (None, True)])
def test_a_passphrase_may_be_in_a_file(content: str | None, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_text(content)
    assert is_protected(SALT, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) is expected
    assert is_protected(SALT, EMPTY | {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) is False


@pytest.mark.parametrize(
    ("config", "places"),
    [
        ({"secrets": {"users": {"ada": "planted"}}}, ["secrets"]),
        ({"gateway": {"https": {"selfSigned": True}}}, ["gateway.https.selfSigned"]),
        (
            {"gateway": {"https": {"hosts": {"a.internal": {"selfSigned": True}, "b.internal": {"issuer": "i"}}}}},
            ['gateway.https.hosts["a.internal"].selfSigned'],
        ),
        (
            {"gateways": {"in": {"listeners": [{"name": "s", "protocol": "HTTPS", "port": 443, "selfSigned": True}]}}},
            ["gateways.in.listeners[0].selfSigned"],
        ),
        ({"gateway": {"https": {"issuer": "ours"}}, "issuers": {"ours": {"selfSignedCa": True}}}, []),
    ],
    ids=str,
)
def test_every_key_that_makes_a_secret_is_refused_without_protection(config: dict[str, Any], places: list[str]) -> None:
    found = located(config, ["secrets"], protected=False)
    unprotected = [each for each in found if each.problem.code == "secrets-unprotected"]
    assert [each.place.removeprefix("synergychat:") for each in unprotected] == places
    assert "planted" not in "".join(map(str, found))
    assert located({"context": LOCAL_CONTEXT, **config}, ["secrets"], protected=False) == [
        each for each in found if each not in unprotected
    ]


@pytest.mark.parametrize(("context", "refused"), [(CONTEXT, True), (LOCAL_CONTEXT, False)])
def test_the_program_refuses_a_secret_under_an_empty_passphrase_or_warns(
    context: str, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Pulumi.dev.yaml").write_text(f"encryptionsalt: {SALT['encryptionsalt']}\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    config = {"context": context, "secrets": {"users": {"ada": "planted"}}}
    pass_config(monkeypatch, config, ["synergychat:secrets"])
    recording = record(load)
    (line,) = recording.log
    assert (recording.exit_code == 32) is refused
    assert ("[secrets-unprotected]" if refused else "make passphrase STACK=dev") in line
    assert "planted" not in line
