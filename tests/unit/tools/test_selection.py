"""The stack that plain `pulumi` uses after a run of make, with a `pulumi` that keeps its selection as the real one."""

from pathlib import Path

import pytest

from tools import selection, stack
from tools.selection import selected
from tools.stack import Stack

# One selection for all backends. A stack can be selected only in a backend that has it; `rm` clears the selection.
_PULUMI = """#!/bin/sh
backend=${PULUMI_BACKEND_URL#file://} selected=%(selected)s
while [ "${1#--}" != "$1" ]; do [ "$1" = --cwd ] && shift; shift; done
case "$1 $2" in
"stack --show-name") name=$(cat $selected) && [ -e "$backend/$name" ] && echo $name ;;
"stack select") [ "$3" = --create ] && shift && touch "$backend/$3"; [ -e "$backend/$3" ] && echo $3 > $selected ;;
"stack ls") (cd "$backend" && ls) | sed 's/.*/{"name": "&"}/' | paste -sd , | sed 's/.*/[&]/' ;;
"stack rm") rm "$backend/$3" $selected ;;
esac
"""


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "venv" / "bin" / "pulumi"
    program.parent.mkdir(parents=True)
    program.write_text(_PULUMI % {"selected": tmp_path / "selected"})
    program.chmod(0o755)
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    for module in (selection, stack):
        monkeypatch.setattr(module, "VENV", tmp_path / "venv")
    file = tmp_path / "Pulumi.yaml"
    file.touch()
    monkeypatch.setattr(stack, "stack_file", lambda _: file)
    return tmp_path


DEV = Stack("dev", "synergychat-local", named=False)
TEAM = Stack("team", "kind-one", named=False)


def test_plain_pulumi_uses_the_stack_of_the_last_make_on_the_local_cluster(venv: Path) -> None:
    for name in ("dev", "other"):
        assert Stack(name, "synergychat-local", named=False).select()
        assert selected() == name


def test_a_stack_on_another_cluster_does_not_change_the_selection(venv: Path) -> None:
    DEV.select()
    assert TEAM.select()
    assert selected() == "dev"
    assert TEAM.remove(force=False) == 0
    assert selected() == "dev"


def test_the_selection_survives_the_removal_of_another_stack(venv: Path) -> None:
    DEV.select()
    Stack("third", "synergychat-local", named=False).select()
    TEAM.select()
    TEAM.remove(force=False)
    assert selected() == "third"


def test_after_the_selected_stack_is_removed_dev_is_selected_if_it_exists(
    venv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "own").as_uri())
    TEAM.select()
    TEAM.remove(force=False)
    assert selected() is None
    DEV.select()
    TEAM.select()
    assert selected() == "team"
    TEAM.remove(force=False)
    assert selected() == "dev"


def test_a_stack_that_is_gone_already_is_no_failure(venv: Path) -> None:
    TEAM.select()
    assert TEAM.remove(force=False) == 0
    assert TEAM.remove(force=False) == 0
