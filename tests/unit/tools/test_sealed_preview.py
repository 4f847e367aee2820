"""`make preview` of a stack whose encrypted values nobody can read here."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import supplies
from local.errors import UserError
from plans import Plan, PlanError, Planned
from tools import __main__ as command_line
from tools import planned, sealed_preview, stack
from tools.stack import Stack

SALTED = {"encryptionsalt": "v1:abc:v1:def"}
CONFIG = {"synergychat:context": "a-context", "synergychat:secrets": {"users": {"password": {"secure": "v1:abc"}}}}
IN_CLEAR = {"synergychat:context": "a-context"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the stack `own`, which no passphrase opens."""
    file = tmp_path / "Pulumi.own.yaml"
    for module in (sealed_preview, stack):
        monkeypatch.setattr(module, "stack_file", lambda _: file)
    monkeypatch.setattr(supplies, "for_plan", lambda _: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    return file


@pytest.mark.parametrize(
    ("document", "environment", "expected"),
    [
        ({**SALTED, "config": CONFIG}, {}, True),
        ({**SALTED, "config": CONFIG}, {"PULUMI_CONFIG_PASSPHRASE": "known"}, False),
        ({**SALTED, "config": IN_CLEAR}, {}, False),
        ({"secretsprovider": "awskms://alias/one", "config": CONFIG}, {}, False),
    ],
    ids=["no passphrase", "a passphrase", "nothing is encrypted", "a key service"],
)
def test_only_a_missing_passphrase_is_known_before_pulumi_asks_for_it(
    document: dict[str, Any],
    environment: dict[str, str],
    expected: bool,
    own: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own.write_text(yaml.safe_dump(document))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert sealed_preview.lacks_passphrase(Stack("own", "a-context", named=False)) is expected


def test_a_passphrase_that_make_wrote_opens_the_stack(own: Path) -> None:
    own.write_text(yaml.safe_dump({**SALTED, "config": CONFIG}))
    written = own.parent / "state" / "synergychat" / "passphrases" / "own.passphrase"
    written.parent.mkdir(parents=True, mode=0o700)
    written.write_text("known")
    assert not sealed_preview.lacks_passphrase(Stack("own", "a-context", named=False))


@pytest.mark.parametrize("options", [[], ["--sealed"]], ids=str)
def test_the_plan_is_listed_with_the_number_of_sealed_values(
    options: list[str], own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(yaml.safe_dump({**SALTED, "config": CONFIG}))
    web = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "chat"}}
    made = Planned(
        urn="urn",
        name="web",
        manifest=web,
        delete_before_replace=False,
        protect=False,
        retain_on_delete=False,
        depends_on=frozenset(),
        aliases=frozenset(),
    )
    monkeypatch.setattr(planned, "plan", lambda *_, **__: Plan(stack="own", objects=(made,), sealed=1))
    monkeypatch.setattr(sys, "argv", ["tools", "preview", "--stack", "own", *options])
    assert command_line.main() == 0
    said = capsys.readouterr().out
    assert "  Service chat/web\n" in said
    assert "The stack own declares 1 objects: 1 Service." in said
    assert "1 encrypted value is sealed" in said


def test_a_mistake_ends_with_the_programs_message(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise PlanError("1 problem in stack own", is_mistake=True)

    own.write_text(yaml.safe_dump({**SALTED, "config": CONFIG}))
    monkeypatch.setattr(planned, "plan", fails)
    with pytest.raises(UserError, match="1 problem in stack own"):
        sealed_preview.run(Stack("own", "a-context", named=False))
