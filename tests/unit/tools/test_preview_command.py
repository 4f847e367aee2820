"""`make preview`: one line per resource, and with `DIFF=1` every field that changes."""

from pathlib import Path

import pytest

from local import supplies
from tools import __main__ as command_line
from tools import stack


@pytest.mark.parametrize("options", [[], ["--diff"]], ids=str)
def test_pulumi_shows_fields_only_when_they_are_asked_for(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nshift 2\n[ "$1" = stack ] || echo "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(stack, "VENV", tmp_path)
    monkeypatch.setattr(stack, "prepare", lambda _: None)
    monkeypatch.setattr(supplies, "for_program", lambda _: None)
    monkeypatch.setattr("sys.argv", ["tools", "preview", *options])
    assert command_line.main() == 0
    given = capfd.readouterr().out.splitlines()[-1].split()
    assert given[: len(options) + 1] == ["preview", *options]
    assert ("--diff" in given) is bool(options)
