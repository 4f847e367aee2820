"""Errors of a command: a message that names the cause, and never a traceback."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from local import disk
from local.child import Interrupted
from local.command import exit_code
from local.errors import UserError
from local.lock import locked


def error_output(capsys: pytest.CaptureFixture[str], command: Callable[[], int], code: int = 1) -> str:
    """Return stderr of a command that fails."""
    assert exit_code(command) == code
    out, err = capsys.readouterr()
    assert out == ""
    return err


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def test_a_command_that_ends_well_gives_its_own_exit_code_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(lambda: 0) == 0
    assert exit_code(lambda: 7) == 7
    assert capsys.readouterr() == ("", "")


def test_a_users_error_is_shown_with_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        error_output(capsys, raising(UserError("It is broken.", "Repair it.")))
        == "error: It is broken.\n  Repair it.\n"
    )


def test_an_interrupted_command_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the same command again" in error_output(capsys, raising(KeyboardInterrupt()), code=130)
    assert "the same command again" in error_output(capsys, raising(Interrupted(signal.SIGTERM)), code=143)


def test_what_the_system_refuses_is_told_with_the_file_and_the_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file" / "below"
    file.parent.write_text("")
    assert error_output(capsys, lambda: len(file.read_text())) == f"error: {file}: Not a directory.\n"


def test_what_is_somebody_elses_is_told_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    refused = PermissionError(errno.EACCES, "Permission denied", "/somebody/elses")
    assert error_output(capsys, raising(refused)) == (
        "error: /somebody/elses: Permission denied.\n"
        "  Change its owner to your user, or run the command as its owner.\n"
    )


def test_an_error_without_a_file_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_output(capsys, raising(OSError("the wire broke"))) == "error: the wire broke\n"


def test_a_copy_that_fails_is_told_by_its_first_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    reasons = [("a", "b", f"reason {n}") for n in range(9)]
    assert error_output(capsys, raising(shutil.Error(reasons))) == "error: reason 0; reason 1; reason 2\n"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]),
    ],
    ids=["disk", "quota", "copy"],
)
def test_a_full_disk_is_called_one_and_the_room_of_every_place_is_shown(
    capsys: pytest.CaptureFixture[str], error: OSError, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "not" / "made"))
    monkeypatch.setattr(shutil, "disk_usage", _only_of(tmp_path, shutil._ntuple_diskusage(9 << 20, 9 << 20, 3 << 20)))
    said = error_output(capsys, raising(error))
    assert said.startswith("error: The disk is full: ")
    assert f"\n    3 MiB free in {tmp_path}/not/made/synergychat (XDG_CACHE_HOME)\n" in said
    assert "(XDG_STATE_HOME)\n" in said
    assert "(TMPDIR)\n" in said
    assert said.endswith("Then run the same command again to resume.\n")


def _only_of(place: Path, usage: object) -> Callable[[Path], object]:
    def disk_usage(path: Path) -> object:
        if path != place:
            raise FileNotFoundError(path)
        return usage

    return disk_usage


def test_a_full_disk_names_the_file_where_it_is_known() -> None:
    assert str(disk.full("/x/y")).startswith("The disk is full: /x/y.\n")


def test_a_lock_is_held_also_where_a_full_disk_takes_no_note_of_the_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with locked(tmp_path / "lock", lambda _: None):
        pass
