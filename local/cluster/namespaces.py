"""Starting processes inside the node's namespaces, as children of the supervisor."""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from local.cluster import cgroups, kernel

_ENTERED = ("mnt", "uts", "ipc", "net")


class Child:
    """A running process whose end can be awaited. Needs a running event loop."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.pid = process.pid
        self._process = process
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._descriptor = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set_result(self._process.wait())

    async def ended(self) -> int:
        """The exit code, negative for the signal that ended it."""
        return await asyncio.shield(self._ended)

    def send(self, number: int) -> None:
        if not self._ended.done():
            self._process.send_signal(number)


class Namespaces:
    """The namespaces of the node whose process 1 is `init` (a pid of the host). The supervisor has one thread."""

    def __init__(self, init: int, group: str) -> None:
        self.init = init
        self._group = group
        self._entered = [os.open(f"/proc/{init}/ns/{kind}", os.O_RDONLY) for kind in _ENTERED]
        self._pids = os.open(f"/proc/{init}/ns/pid", os.O_RDONLY)
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str], output: IO[bytes]) -> Child:
        """Start a process of the node. It dies with this process, and at the latest with the node."""

        def enter() -> None:
            kernel.die_with_parent()
            os.setpgid(0, 0)
            cgroups.join(self._group)
            for descriptor in self._entered:
                kernel.enter(descriptor)

        kernel.enter(self._pids)
        try:
            process = subprocess.Popen(
                command,
                preexec_fn=enter,
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        finally:
            kernel.enter(self._own_pids)
        return Child(process)

    def close(self) -> None:
        for descriptor in (*self._entered, self._pids, self._own_pids):
            os.close(descriptor)


def start_on_host(command: Sequence[str | Path], environment: Mapping[str, str], output: IO[bytes]) -> Child:
    """Start a process beside the supervisor that dies with it."""

    def prepare() -> None:
        kernel.die_with_parent()
        os.setpgid(0, 0)

    return Child(
        subprocess.Popen(
            command,
            preexec_fn=prepare,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    )
