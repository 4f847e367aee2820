"""`make passphrase`: no passphrase that may be needed is lost, whatever happens to Pulumi."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from local.errors import UserError
from tools import environment, lifecycle, passphrase, stack
from tools.environment import passphrase_file
from tools.stack import Stack

STACK = Stack("prod", "kind-one", named=False)
Pulumi = Callable[[str], Path]


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    """A `pulumi` that re-encrypts the stack's file and then ends with `exit`. Return the stack's file."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    for module in (environment, stack):
        monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    monkeypatch.setattr(stack, "VENV", tmp_path)
    monkeypatch.setattr(lifecycle.supplies, "for_program", lambda _: None)
    monkeypatch.setattr(lifecycle.stacks, "prepare", lambda _: None)
    monkeypatch.setattr(Stack, "select", lambda _: True)
    monkeypatch.setattr(Stack, "recover", lambda _: False)
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config:\n  synergychat:context: kind-one\n")

    def write(end: str) -> Path:
        program = tmp_path / "bin" / "pulumi"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"""#!/bin/sh
read typed
old=$PULUMI_CONFIG_PASSPHRASE
[ -z "$PULUMI_CONFIG_PASSPHRASE_FILE" ] || old=$(cat "$PULUMI_CONFIG_PASSPHRASE_FILE")
echo "# from '$old' to '$typed'" > {file}
{end}
""")
        program.chmod(0o755)
        return file

    return write


def test_the_new_passphrase_is_in_a_file_that_only_the_user_reads(pulumi: Pulumi) -> None:
    file = pulumi("exit 0")
    assert passphrase.run(STACK, "") == 0
    current = passphrase_file("prod")
    assert file.read_text() == f"# from '' to '{current.read_text()}'\n"
    assert (current.stat().st_mode & 0o777, current.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_command_says_what_plain_pulumi_needs(pulumi: Pulumi, capsys: pytest.CaptureFixture[str]) -> None:
    pulumi("exit 0")
    passphrase.run(STACK, "")
    said = capsys.readouterr().out
    assert f"export PULUMI_CONFIG_PASSPHRASE_FILE={passphrase_file('prod')}" in said
    assert f"export PULUMI_BACKEND_URL={environment.backend(STACK.context).as_uri()}" in said


def test_earlier_passphrases_stay(pulumi: Pulumi) -> None:
    file = pulumi("exit 0")
    phrases: list[str] = []
    for _ in range(3):
        assert passphrase.run(STACK, "") == 0
        phrases.append(passphrase_file("prod").read_text())
    assert file.read_text() == f"# from '{phrases[1]}' to '{phrases[2]}'\n"
    kept = sorted(passphrase_file("prod").parent.glob("prod.passphrase.until-*"))
    assert [found.read_text() for found in kept] == phrases[:2]


def test_after_a_failure_file_and_passphrase_are_as_before(pulumi: Pulumi) -> None:
    pulumi("exit 0")
    passphrase.run(STACK, "")
    before = passphrase_file("prod").read_text()
    file = pulumi("exit 3")
    content = file.read_bytes()
    assert passphrase.run(STACK, "") == 3
    assert (file.read_bytes(), passphrase_file("prod").read_text()) == (content, before)
    assert len(list(passphrase_file("prod").parent.iterdir())) == 1


def test_when_pulumi_is_killed_both_passphrases_stay_until_the_user_has_decided(pulumi: Pulumi) -> None:
    pulumi("exit 0")
    passphrase.run(STACK, "")
    before = passphrase_file("prod").read_text()
    file = pulumi(f"kill -{signal.SIGKILL:d} $$")
    for _ in range(2):
        with pytest.raises(UserError) as refused:
            passphrase.run(STACK, "")
        new = passphrase_file("prod").with_name("prod.passphrase.new")
        assert file.read_text() == f"# from '{before}' to '{new.read_text()}'\n"
        assert passphrase_file("prod").read_text() == before
        assert f"mv {new} {passphrase_file('prod')}" in (refused.value.fix or "")


def test_after_a_key_service_pulumi_gets_the_new_passphrase_where_it_looks_for_it(pulumi: Pulumi) -> None:
    file = pulumi("exit 0")
    file.write_text("secretsprovider: awskms://alias/a\nconfig:\n  synergychat:context: kind-one\n")
    assert passphrase.run(STACK, "") == 0
    phrase = passphrase_file("prod").read_text()
    assert file.read_text() == f"# from '{phrase}' to '{phrase}'\n"


def test_the_passphrase_in_the_environment_is_the_earlier_one(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pulumi("exit 0")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    passphrase.run(STACK, "")
    assert file.read_text() == f"# from 'mine' to '{passphrase_file('prod').read_text()}'\n"
