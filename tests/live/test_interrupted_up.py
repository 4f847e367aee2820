"""Ctrl-C and SIGTERM in the middle of `make up`: Pulumi ends by itself, and the next `make up` completes the stack."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from local.paths import state_root
from local.venv import VENV
from tests.live.newcomer import Newcomer, newcomer_in
from tools import pulumi_processes


@pytest.fixture(scope="module")
def newcomer() -> Iterator[Newcomer]:
    with newcomer_in(state_root() / "test-interrupted") as newcomer:
        yield newcomer


def _to_make(process: subprocess.Popen[str]) -> None:
    """Send what a CI system sends when it cancels a job."""
    os.kill(process.pid, signal.SIGTERM)


def _to_the_group(process: subprocess.Popen[str]) -> None:
    """Send what Ctrl-C sends."""
    os.killpg(process.pid, signal.SIGINT)


def _hang_up(process: subprocess.Popen[str]) -> None:
    """Send what a terminal sends when it closes, for example with its SSH connection."""
    os.killpg(process.pid, signal.SIGHUP)


def _twice(process: subprocess.Popen[str]) -> None:
    _to_the_group(process)
    time.sleep(1.5)
    if process.poll() is None:
        _to_the_group(process)


def _interrupted(newcomer: Newcomer, send: Callable[[subprocess.Popen[str]], None]) -> str:
    """Interrupt `make up` while Pulumi waits for an object. Return what it says from then on."""
    process = newcomer.start("make", "up")
    assert process.stdout is not None
    assert any("waiting for" in line for line in process.stdout), "it ended without waiting for an object"
    send(process)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    return said


def _nothing_is_left(newcomer: Newcomer) -> None:
    backend = newcomer.state / "pulumi" / "synergychat-local"
    assert list((backend / ".pulumi" / "locks").rglob("*.json")) == []
    assert backend.as_uri() not in pulumi_processes.running().values()
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(newcomer.state / "pulumi-home") not in listed


def _pending(newcomer: Newcomer) -> list[object]:
    code, said = newcomer.run(str(VENV / "bin" / "pulumi"), "stack", "export", "--stack", "dev")
    assert code == 0, said
    return json.loads(said)["deployment"].get("pending_operations", [])


# Each run gets further than the one before, so the first one leaves objects to wait for.
@pytest.mark.fault(
    "`make up` gets SIGINT, SIGTERM or SIGHUP half-way",
    "Pulumi ends by itself, and leaves no lock, no process and no pending operation",
)
@pytest.mark.parametrize("send", [_to_the_group, _to_make, _hang_up])
def test_one_signal_lets_pulumi_end_by_itself(
    newcomer: Newcomer, send: Callable[[subprocess.Popen[str]], None]
) -> None:
    said = _interrupted(newcomer, send)
    assert "interrupted: waiting for pulumi to end" in said
    assert "received; cancelling" in said
    assert "received; terminating" not in said
    _nothing_is_left(newcomer)
    assert _pending(newcomer) == []


@pytest.mark.fault("`make up` gets two SIGINT half-way", "It ends at once, and leaves no lock and no process")
def test_a_second_signal_ends_it_at_once_and_leaves_no_lock_and_no_process(newcomer: Newcomer) -> None:
    started = time.monotonic()
    _interrupted(newcomer, _twice)
    assert time.monotonic() - started < 120
    _nothing_is_left(newcomer)


def test_the_next_up_completes_the_stack_and_the_one_after_that_changes_nothing(newcomer: Newcomer) -> None:
    code, said = newcomer.make("up")
    assert code == 0, said
    code, said = newcomer.make("up")
    assert code == 0, said
    summary = said[said.index("Resources:") :].splitlines()[1:2]
    assert len(summary) == 1 and summary[0].strip().endswith("unchanged")
    assert _pending(newcomer) == []
