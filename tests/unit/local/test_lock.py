"""The lock: one holder at a time, known to whoever waits, and free once the holder is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.lock import locked
from local.paths import REPOSITORY

# Says who it waits for, then what it finds in the file `marker` while it holds the lock; ends when its input does.
_HOLDER = """
import sys
from pathlib import Path
from local.lock import locked

lock, marker = map(Path, sys.argv[1:])
with locked(lock, lambda holder: print("waits for", holder, flush=True)):
    print("holds", marker.read_text() if marker.exists() else "", flush=True)
    sys.stdin.read()
"""


def _holder(lock: Path, marker: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HOLDER, str(lock), str(marker)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _never(holder: str) -> None:
    pytest.fail(f"the lock is held by {holder}")


def test_a_second_process_is_told_the_holders_pid_and_waits_until_the_lock_is_free(tmp_path: Path) -> None:
    lock, marker = tmp_path / "lock", tmp_path / "marker"
    with locked(lock, _never):
        second = _holder(lock, marker)
        try:
            assert _says(second) == f"waits for pid {os.getpid()}"
            marker.write_text("released")
        except BaseException:
            second.kill()
            raise
    said, _ = second.communicate(timeout=20)
    assert said.strip() == "holds released"


def test_a_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with _holder(lock, tmp_path / "marker") as holder:
        assert _says(holder) == "holds"
        assert lock.read_text() == str(holder.pid)
        holder.kill()
        holder.wait()
        with locked(lock, _never):
            assert lock.read_text() == str(os.getpid())


def test_a_lock_is_free_after_its_holder_failed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path / "lock", _never):
        raise RuntimeError
    with locked(tmp_path / "lock", _never):
        pass


def test_the_holder_is_named_alone_however_long_the_last_one_was(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("99999999999")
    with locked(lock, _never):
        assert lock.read_text() == str(os.getpid())


def test_a_lock_in_a_directory_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "b" / "lock", _never):
        assert (tmp_path / "a" / "b" / "lock").exists()


def test_two_locks_are_held_side_by_side(tmp_path: Path) -> None:
    with locked(tmp_path / "one", _never), locked(tmp_path / "two", _never):
        pass
