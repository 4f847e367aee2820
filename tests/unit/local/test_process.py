"""Process identity, tested with real processes."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from local.cluster import process
from local.cluster.process import Process

Start = Callable[..., subprocess.Popen[bytes]]
_WAITS = "echo ready; read line"


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a shell; kill all of them at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str = _WAITS) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def _of(child: subprocess.Popen[bytes]) -> Process:
    found = Process.of(child.pid)
    assert found is not None
    return found


def test_a_running_process_is_found_and_is_alive(start: Start) -> None:
    child = start()
    assert _of(child).pid == child.pid
    assert _of(child).alive


def test_a_process_that_ended_is_not_alive_before_and_after_it_is_reaped(start: Start) -> None:
    child = start()
    known = _of(child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert Path(f"/proc/{child.pid}").exists()
    assert Process.of(child.pid) is None
    assert not known.alive
    child.wait(timeout=20)
    assert Process.of(child.pid) is None
    assert not known.alive


@pytest.mark.parametrize("name", [r") Z 1 (", r"a b) X", r"\377\376"])
def test_a_process_is_found_with_any_command_name(start: Start, name: str) -> None:
    child = start(f"printf '{name}' > /proc/$$/comm; {_WAITS}")
    assert _of(child).alive


def test_a_process_is_read_from_its_file(start: Start, tmp_path: Path) -> None:
    known = _of(start())
    known.write(tmp_path / "pid")
    assert Process.read(tmp_path / "pid") == known


def test_the_file_of_a_process_that_ended_is_ignored(start: Start, tmp_path: Path) -> None:
    child = start()
    _of(child).write(tmp_path / "pid")
    child.kill()
    child.wait(timeout=20)
    assert Process.read(tmp_path / "pid") is None


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another boot"}])
def test_a_reused_pid_is_not_mistaken_for_the_old_process(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    old = replace(_of(start()), **change)
    old.write(tmp_path / "pid")
    assert not old.alive
    assert Process.read(tmp_path / "pid") is None
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda *_: pytest.fail("another process got the signal"))
    assert old.end(grace_s=0)


@pytest.mark.parametrize("content", ["", "{", "12", "[1, 2]", "null", '{"pid": 1}', "\N{NULL}" * 9], ids=repr)
def test_a_damaged_file_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert Process.read(tmp_path / "pid") is None


def test_a_file_with_unknown_keys_is_ignored(start: Start, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(json.dumps(asdict(_of(start())) | {"name": "kubelet"}))
    assert Process.read(tmp_path / "pid") is None


def test_a_missing_file_is_ignored(tmp_path: Path) -> None:
    assert Process.read(tmp_path / "pid") is None


def test_a_process_ends_on_sigterm(start: Start) -> None:
    child = start()
    assert _of(child).end(grace_s=20)
    assert child.wait(timeout=20) == -signal.SIGTERM


def test_a_process_that_ignores_sigterm_is_killed(start: Start) -> None:
    child = start(f"trap '' TERM; {_WAITS}")
    assert _of(child).end(grace_s=0)
    assert child.wait(timeout=20) == -signal.SIGKILL


def test_a_process_that_has_ended_counts_as_ended(start: Start) -> None:
    child = start()
    known = _of(child)
    child.kill()
    child.wait(timeout=20)
    assert known.end(grace_s=0)


def test_a_process_that_ends_just_before_the_signal_counts_as_ended(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = start()
    known = _of(child)

    def alive_then_killed(_: Process) -> bool:
        child.kill()
        child.wait(timeout=20)
        return True

    monkeypatch.setattr(Process, "alive", property(alive_then_killed))
    assert known.end(grace_s=0)


def test_a_process_that_survives_sigkill_is_reported(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    known = _of(start())
    sent: list[int] = []
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda _, number: sent.append(number))
    monkeypatch.setattr(process.select, "select", lambda *_: ([], [], []))
    assert not known.end(grace_s=0)
    assert sent == [signal.SIGTERM, signal.SIGKILL]


def test_ending_a_process_leaks_no_descriptor(start: Start) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    child = start(f"trap '' TERM; {_WAITS}")
    started = len(list(Path("/proc/self/fd").iterdir()))
    assert _of(child).end(grace_s=0)
    assert before < started == len(list(Path("/proc/self/fd").iterdir()))
