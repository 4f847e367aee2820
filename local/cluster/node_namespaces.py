"""The node's Linux namespaces: creation, and start of processes in them as children of the supervisor."""

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
_NODE_TIMEOUT_S = 20.0


class Child:
    """A child process whose end can be awaited. Needs a running event loop."""

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
        """Wait until the process ends and return its exit code, negative if a signal ended it."""
        return await asyncio.shield(self._ended)

    def send(self, number: int) -> None:
        if not self._ended.done():
            self._process.send_signal(number)


def create(node: Mapping[str, object], environment: Mapping[str, str], log: Path) -> tuple[Child, Process]:
    """Start `unshare` and, in new namespaces, process 1 of the node (node.py with the settings `node`); return both.

    The node's mounts and networks exist on return. UserError with the end of `log` if they could not be created.
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
    assert process.stdout is not None  # noqa: S101 - stdout is a pipe
    with process.stdout:
        answered = select.select([process.stdout], [], [], _NODE_TIMEOUT_S)[0]
        line = process.stdout.readline() if answered else b""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    init = Process.of(int(children[0])) if line == b"ready\n" and children else None
    if init is None:
        process.kill()
        process.wait()
        what = "could not be created" if answered else f"did not start within {_NODE_TIMEOUT_S:.0f} s"
        raise UserError(f"The node {what}. The end of its log:\n{tail(log)}", f"Read the full log: {log}")
    return Child(process), init


class NodeNamespaces:
    """The namespaces of the node whose process 1 is `init`, a PID of the host. Not thread-safe."""

    def __init__(self, init: int, group: str) -> None:
        self.init = init
        self._group = group
        self._entered = [os.open(f"/proc/{init}/ns/{kind}", os.O_RDONLY) for kind in _ENTERED]
        self._pids = os.open(f"/proc/{init}/ns/pid", os.O_RDONLY)
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str], output: IO[bytes]) -> Child:
        """Start a process in the node. It is killed when the supervisor or the node ends."""

        def enter() -> None:
            kernel.die_with_parent()
            os.setpgid(0, 0)
            cgroups.join(self._group)
            for descriptor in self._entered:
                kernel.setns(descriptor)

        kernel.setns(self._pids)
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
            kernel.setns(self._own_pids)
        return Child(process)

    def close(self) -> None:
        for descriptor in (*self._entered, self._pids, self._own_pids):
            os.close(descriptor)


def start_on_host(
    command: Sequence[str | Path], environment: Mapping[str, str], output: IO[bytes], group: str
) -> Child:
    """Start a process on the host, in the node's cgroup `group`. It is killed when the supervisor ends."""

    def prepare() -> None:
        kernel.die_with_parent()
        os.setpgid(0, 0)
        cgroups.join(group)

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
