"""Long child processes and signals: one signal reaches the child and waits for it, a second one kills it."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import child
from local.command import exit_code
from local.paths import REPOSITORY

# A child that needs some seconds after SIGINT, and counts the signals that it gets.
_CHILD = """
import signal, sys, time
got = []
signal.signal(signal.SIGINT, lambda *_: got.append("INT"))
signal.signal(signal.SIGTERM, lambda *_: got.append("TERM"))
print("started", flush=True)
while not got:
    time.sleep(0.05)
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    time.sleep(0.05)
print("saved after", *got, flush=True)
"""
SLOW = _CHILD.format(seconds=0.5)
SLOWER = _CHILD.format(seconds=3)
"""Slower than the second within which signals count as one."""
_PARENT = """
import sys
from local import child
from local.command import exit_code
slow = [sys.executable, "-c", {slow!r}]
def command():
    {body}
    print("not interrupted")
    return 0
sys.exit(exit_code(command))
"""
RUN = "child.run(slow)"
RUN_IN_A_THREAD = (
    "from concurrent.futures import ThreadPoolExecutor as P\n    with P() as p: p.submit(child.run, slow).result()"
)
READ = "with child.started(slow, stdout=-1) as p:\n        for line in p.stdout: print(line, end='', flush=True)"
CLEAN_UP = (
    "try: child.run(slow)\n"
    "    finally: child.run([sys.executable, '-c', 'import time; time.sleep(0.5); print(\"cleaned up\")'])"
)

Parent = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def parent() -> Iterator[Parent]:
    """Start a process that runs `slow` in this way, and wait until `slow` runs."""
    processes: list[subprocess.Popen[str]] = []

    def start(
        body: str, wrapper: tuple[str, ...] = (), stdin: int = subprocess.DEVNULL, slow: str = SLOW
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-c", _PARENT.format(slow=slow, body=body)],
            cwd=REPOSITORY,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


WAITING = "interrupted: waiting for python to end; to kill it, interrupt again\n"
INTERRUPTED = "interrupted: run the same command again to continue\n"


@pytest.mark.parametrize("body", [RUN, READ, RUN_IN_A_THREAD], ids=["run", "read", "thread"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_reaches_the_child_once_as_sigint_and_is_waited_for(
    parent: Parent, body: str, number: int, code: int
) -> None:
    process = parent(body)
    os.kill(process.pid, number)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert said == f"{WAITING}saved after INT\n{INTERRUPTED}"


def test_signals_within_a_second_count_as_one(parent: Parent) -> None:
    process = parent(RUN)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        os.killpg(process.pid, number)
        time.sleep(0.1)
    assert process.communicate(timeout=20)[0] == f"{WAITING}saved after INT\n{INTERRUPTED}"


def test_a_second_signal_kills_the_child(parent: Parent) -> None:
    process = parent(RUN, slow=SLOWER)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(1.2)
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=20)[0] == f"{WAITING}{INTERRUPTED}"
    assert time.monotonic() - started < 1.5
    assert process.returncode == 130


def test_what_cleans_up_after_an_interrupted_child_runs_to_its_end(parent: Parent) -> None:
    process = parent(CLEAN_UP)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=20)[0] == f"{WAITING}saved after INT\ncleaned up\n{INTERRUPTED}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("body", [RUN, RUN_IN_A_THREAD], ids=["run", "thread"])
def test_no_child_outlives_a_parent_that_is_killed(parent: Parent, body: str) -> None:
    process = parent(body)
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    assert pids
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    outlived = list(filter(_runs, pids))
    for pid in outlived:
        os.kill(pid, signal.SIGKILL)
    assert outlived == []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def _on_a_terminal(slow: str, body: str) -> tuple[int, int, bytes]:
    """Start a process that runs the child `slow` on a terminal of its own, and wait until that runs.

    Return the PID of the process, the descriptor of the terminal, and what it has shown.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(REPOSITORY)
        os.execv(sys.executable, [sys.executable, "-c", _PARENT.format(slow=slow, body=body)])  # noqa: S606
    said = b""
    while b"started\r\n" not in said:
        said += os.read(terminal, 1024)
    return pid, terminal, said


def test_on_a_terminal_the_terminal_alone_delivers_ctrl_c() -> None:
    pid, terminal, said = _on_a_terminal(SLOW, RUN)
    os.write(terminal, b"\x03")
    while True:
        try:
            said += os.read(terminal, 1024)
        except OSError:  # the end of a terminal whose last process has ended
            break
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    os.close(terminal)
    assert said.decode().replace("\r\n", "\n").endswith(f"{WAITING}saved after INT\n{INTERRUPTED}")


@pytest.mark.parametrize("body", [RUN, READ], ids=["run", "read"])
def test_when_the_terminal_closes_the_child_ends_in_its_own_time(tmp_path: Path, body: str) -> None:
    saved = tmp_path / "saved"
    slow = SLOW.replace("*got, flush=True", f"*got, file=open({str(saved)!r}, 'w')")
    pid, terminal, _ = _on_a_terminal(slow, body)
    os.killpg(pid, signal.SIGHUP)  # as a shell does for its jobs
    os.close(terminal)
    os.waitpid(pid, 0)
    assert saved.read_text() == "saved after INT\n"


def test_an_ignored_signal_stays_ignored(parent: Parent) -> None:
    process = parent(RUN, wrapper=("nohup",))
    os.killpg(process.pid, signal.SIGHUP)
    time.sleep(1.2)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=20)[0] == f"{WAITING}saved after INT\n{INTERRUPTED}"


def test_a_child_that_does_not_answer_in_time_is_killed() -> None:
    started = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        child.run([sys.executable, "-c", SLOWER], timeout_s=0.5, stdout=subprocess.PIPE)
    assert time.monotonic() - started < 3


def test_without_a_child_a_signal_interrupts_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return 0

    assert exit_code(command) == 143
    assert capsys.readouterr().err == INTERRUPTED
