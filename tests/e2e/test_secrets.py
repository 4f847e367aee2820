"""A secret that is planted wherever one may be given, right or wrong, is in clear nowhere that a run writes to."""

import base64
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.paths import cache_root
from tests.live.live_stack import LiveStack
from tools.environment import pulumi_home

PLANTED = f"planted-{secrets.token_hex(8)}"
FORMS = (PLANTED, base64.b64encode(PLANTED.encode()).decode())
MISPLACED = (
    "namespace",
    "web.hostname",
    "web.port",
    "gateway.annotations.owner",
    "policies.guard.basicAuth.users",
    "secrets.Not-A-Name.token",
    "sekrets.token",
)


def in_clear(texts: dict[str, str]) -> list[str]:
    """Places whose text contains the secret in any form."""
    return [place for place, text in texts.items() if any(form in text for form in FORMS)]


def files(*roots: Path) -> dict[str, str]:
    found = (file for root in roots for file in root.rglob("*") if file.is_file() and ".venv" not in file.parts)
    # Programs and images are large, and no place where a secret would be written.
    small = (file for file in found if file.stat().st_size < 32 * 1024 * 1024)
    return {str(file): file.read_bytes().decode(errors="replace") for file in small}


def plant(stack: LiveStack, key: str) -> str:
    return stack.cli("config", "set", "--secret", "--path", f"synergychat:{key}", typed=PLANTED).stdout


@pytest.fixture(scope="module")
def planted(stack: LiveStack) -> Iterator[dict[str, str]]:
    """Output of the commands that set, preview and apply a secret."""
    file = stack.file
    before = file.read_text()
    stack.configure(**{"web.env": {"TOKEN": {"secret": "planted", "key": "token"}}})
    said = {"set": plant(stack, "secrets.planted.token")}
    said["preview"] = stack.cli("preview", "--diff", "--logtostderr", "-v=5").stdout
    said["plan"] = stack.cli("preview", "--json", "--show-sames").stdout
    said["up"] = stack.cli("up", "--yes", "--diff").stdout
    yield said
    file.write_text(before)
    stack.up()


def test_a_secret_reaches_the_pod_and_nothing_that_is_written(stack: LiveStack, planted: dict[str, str]) -> None:
    reached = stack.kubectl("get", "secret", "planted", "-n", "synergychat", "-o", "jsonpath={.data.token}")
    assert base64.b64decode(reached).decode() == PLANTED
    commands = (("stack",), ("stack", "output", "--json"), ("stack", "export"), ("config",), ("stack", "history"))
    said = planted | {" ".join(command): stack.cli(*command).stdout for command in commands}
    kept = files(stack.directory, stack.directory.parent / "state", pulumi_home() / "logs", cache_root() / "manifests")
    assert any("/state/" in place and "secret-planted" in text for place, text in kept.items())
    assert in_clear(said | kept) == []


@pytest.mark.parametrize("key", MISPLACED)
def test_a_secret_in_a_wrong_place_is_not_shown_by_the_message(stack: LiveStack, key: str) -> None:
    file = stack.file
    before = file.read_text()
    try:
        said = plant(stack, key) + stack.cli("preview").stdout
        assert f"synergychat:{key.partition('.')[0]}" in said
        assert in_clear({"said": said} | files(stack.directory.parent / "state")) == []
    finally:
        file.write_text(before)


def test_a_secret_that_the_cluster_refuses_is_not_shown_by_the_message(stack: LiveStack) -> None:
    file = stack.file
    before = file.read_text()
    try:
        plant(stack, 'secrets.refused["no key"]')
        done = stack.cli("up", "--yes", "--skip-preview")
        assert done.returncode != 0
        assert "no key" in done.stdout
        assert in_clear({"said": done.stdout} | files(stack.directory.parent / "state")) == []
    finally:
        file.write_text(before)
        stack.up()


def test_what_looks_for_it_finds_it(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"stringData": {"token": PLANTED}}))
    (tmp_path / "log").write_text(f"data: {FORMS[1]}{os.linesep}")
    assert len(in_clear(files(tmp_path))) == 2
