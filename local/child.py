"""Child processes that need their own time to end: Pulumi, the tests, builds.

`subprocess.run` kills its child a quarter of a second after Ctrl-C. Pulumi needs longer: it finishes what it is doing,
writes its state and releases its lock. Standard library only: `local.venv` runs before any package is installed.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from local.cluster import kernel

_ONE_SIGNAL_S = 1.0
"""Signals within this time count as one: the terminal, the shell and make may each deliver the same Ctrl-C."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What Ctrl-C, a CI system and a terminal that closes send."""

Command = Sequence[str | Path]


class Interrupted(KeyboardInterrupt):
    """One of these signals has arrived. `number` says which."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class _Child:
    """A running child. It has a process group of its own unless the terminal delivers Ctrl-C to the whole group."""

    def __init__(self, command: Command, **options: Any) -> None:
        self.name = Path(command[0]).name
        on_terminal = _in_foreground()
        self.leads_group = not on_terminal
        self.process: subprocess.Popen[str] = subprocess.Popen(
            command,
            process_group=None if on_terminal else 0,
            preexec_fn=_prepare(os.getpid(), on_terminal=on_terminal),
            encoding="utf-8",
            errors="replace",
            **options,
        )

    def cancel(self) -> None:
        """Ask the child to end in its own time."""
        self._send(signal.SIGINT)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            if self.leads_group:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)


class _Signals:
    """The signals that this process has received, and the children that they are forwarded to."""

    def __init__(self) -> None:
        self.count = 0
        self.number = 0
        self.main_thread_waits = 0
        self._last = float("-inf")
        # A dict, because the handler may run between any two steps of add() and remove(): its methods are atomic.
        self._children: dict[_Child, None] = {}
        self._uncancelled: dict[_Child, None] = {}

    def add(self, child: _Child, count_before: int) -> None:
        self._uncancelled[child] = None
        self._children[child] = None
        if self.count != count_before:
            self._cancel(child)

    def end(self, child: _Child) -> None:
        """Cancel a child whose output can no longer be used, unless a signal has done so."""
        if child in self._uncancelled:
            del self._uncancelled[child]
            child.cancel()

    def remove(self, child: _Child) -> None:
        self._children.pop(child, None)
        self._uncancelled.pop(child, None)

    def handle(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last < _ONE_SIGNAL_S:
            return
        self._last = now
        self.count += 1
        self.number = number
        for child in list(self._children):
            if self.count == 1:
                self._cancel(child)
            else:
                child.kill()
        if not self.main_thread_waits:
            raise Interrupted(number)

    def _cancel(self, child: _Child) -> None:
        # Exactly one SIGINT: Pulumi takes a second one as an order to end at once.
        if child not in self._uncancelled:
            return
        del self._uncancelled[child]
        if child.leads_group or self.number != signal.SIGINT:
            child.cancel()
        with suppress(OSError):  # the terminal may have closed
            # `print` must not be called here: the handler may have interrupted one.
            os.write(2, f"interrupted: waiting for {child.name} to end; to kill it, interrupt again\n".encode())


_signals = _Signals()


@contextmanager
def handled_signals() -> Iterator[None]:
    """Forward signals to the children of this module during the block, and wait for them.

    When they have ended, or if there is none, Interrupted is raised. A second signal kills them. A signal that is
    ignored, as SIGHUP under `nohup`, stays so.
    """
    global _signals
    _signals = _Signals()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _signals.handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def started(command: Command, **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """Start a command. The block reads its output; the end of the block waits for it."""
    signals = _signals
    count_before = signals.count
    in_main_thread = threading.current_thread() is threading.main_thread()
    signals.main_thread_waits += in_main_thread
    try:
        child = _Child(command, **options)
        signals.add(child, count_before)
        try:
            yield child.process
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        except BaseException:
            signals.end(child)
            child.process.communicate()  # a child that cannot write does not end
            raise
        finally:
            child.process.wait()
            signals.remove(child)
            for stream in (child.process.stdin, child.process.stdout, child.process.stderr):
                if stream is not None:
                    stream.close()
    finally:
        signals.main_thread_waits -= in_main_thread
    if signals.count != count_before:
        raise Interrupted(signals.number)


def run(command: Command, *, timeout_s: float | None = None, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end; the caller checks the exit code.

    Raises subprocess.TimeoutExpired after `timeout_s`, and Interrupted if a signal has arrived meanwhile.
    """
    with started(command, **options) as process:
        out, err = process.communicate(timeout=timeout_s)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _in_foreground() -> bool:
    """Tell whether Ctrl-C on the terminal reaches this process group."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # a terminal that is not the one of this session, as under `setsid`
        return False


def _prepare(parent: int, *, on_terminal: bool) -> Callable[[], None]:
    """Return what the child does before it executes the command."""

    def prepare() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # not the handler of this module, which is the parent's
        if on_terminal:
            # A closed terminal sends SIGHUP to its whole group, and Pulumi would end at once. The parent forwards it as
            # SIGINT. A child in a group of its own does not get it, and what the child starts would inherit this.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if sys.platform == "linux":
            # The kernel sends SIGKILL when the thread ends that started the child. It waits in started() until then.
            kernel.die_with_parent()
            if os.getppid() != parent:
                os._exit(1)  # the parent ended before the call

    return prepare
