"""Making the node's namespaces, and starting processes in them, as children of the supervisor."""

import asyncio
import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from local.cluster import cgroups, kernel
from local.cluster.logs import tail
from local.cluster.process import Process
from local.errors import UserError

_ENTERED = ("mnt", "uts", "ipc", "net")
_PATIENCE_S = 20.0


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


def make(node: Mapping[str, object], environment: Mapping[str, str], log: Path) -> tuple[Child, Process]:
    """`unshare`, and the process 1 (node.py, with the order `node`) that it has started in new namespaces.

    When it returns, the node's mounts and networks are made. UserError with the end of `log` when they cannot be.
    """
    unshare = ["unshare", "--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "--mount-proc", "--kill-child"]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*unshare, "--", sys.executable, "-m", "local.cluster.node", json.dumps(node)],
            preexec_fn=kernel.die_with_parent,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with process.stdout:
        heard = select.select([process.stdout], [], [], _PATIENCE_S)[0]
        said = process.stdout.readline() if heard else b""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    init = Process.of(int(children[0])) if said == b"ready\n" and children else None
    if init is None:
        process.kill()
        process.wait()
        what = "could not be made" if heard else f"said nothing for {_PATIENCE_S:.0f} s"
        raise UserError(f"The node {what}.\n{tail(log)}", f"The whole log is {log}")
    return Child(process), init


class NodeNamespaces:
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
