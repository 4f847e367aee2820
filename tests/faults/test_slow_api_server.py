"""An API server that answers late, or not at all, on the way or in itself."""

import asyncio
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from health import Unanswered, look
from kube.kubectl import kubectl
from local.cluster import network
from local.cluster.node import OUTSIDE_DESCRIPTOR
from local.cluster.process import Process
from local.venv import VENV
from tests.conftest import API_PORT, TestCluster
from tests.faults.failing_up import restored, up
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

_LOSS = f"""
table inet faults {{
  chain sent {{
    type filter hook output priority 0;
    ip daddr {network.NODE} tcp dport {network.API_PORT} numgen random mod 100 < 30 drop
  }}
}}
"""
"""A third of the packets to the API server is lost. The host's own network is not changed."""


class SlowWay:
    """A port of 127.0.0.1 that leads to the API server, on which everything takes `delay_s` longer each way."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._loop = asyncio.new_event_loop()
        self.port = 0

    @contextmanager
    def open(self) -> Iterator[None]:
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(server.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_connection("127.0.0.1", API_PORT)
        await asyncio.gather(self._late(reader, to_server[1]), self._late(to_server[0], writer))

    async def _late(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on each piece `delay_s` after it arrived, while further ones arrive."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            data = b"some"
            while data:
                try:
                    data = await reader.read(1 << 16)
                except ConnectionError:
                    data = b""
                on_the_way.put_nowait((self._loop.time() + self._delay_s, data))

        arriving = asyncio.create_task(arrive())
        with suppress(ConnectionError):
            while True:
                due, data = await on_the_way.get()
                await asyncio.sleep(max(0, due - self._loop.time()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()
        await arriving

    def kubeconfig(self, original: Path, directory: Path) -> Path:
        """A copy of a kubeconfig that leads this way."""
        text = original.read_text()
        assert f"127.0.0.1:{API_PORT}" in text
        copy = directory / "kubeconfig"
        copy.write_text(text.replace(f"127.0.0.1:{API_PORT}", f"127.0.0.1:{self.port}"))
        return copy


@pytest.mark.fault(
    "every packet to and from the API server takes half a second longer, during an update",
    "`up` ends well.",
    limit_s=400,
)
def test_a_slow_way_to_the_api_server(stack: LiveStack, injected: bool, tmp_path: Path) -> None:
    way = SlowWay(0.5 if injected else 0)
    with way.open(), restored(stack):
        stack.configure(**{"web.replicas": 2})
        up(stack, fails=False, KUBECONFIG=str(way.kubeconfig(stack.kubeconfig, tmp_path)))
        assert _replicas(stack) == "2"


@pytest.mark.fault(
    "every packet to and from the API server takes eight seconds longer",
    "`up` fails within a minute, before it changes anything, and names the API server.",
    limit_s=200,
)
def test_a_way_to_the_api_server_that_is_too_slow(stack: LiveStack, injected: bool, tmp_path: Path) -> None:
    way = SlowWay(8 if injected else 0)
    with way.open(), restored(stack):
        stack.configure(**{"web.replicas": 2})
        kubeconfig = way.kubeconfig(stack.kubeconfig, tmp_path)
        started = time.monotonic()
        done = stack.cli("up", "--yes", "--skip-preview", KUBECONFIG=str(kubeconfig))
        if not injected:
            assert done.returncode == 0, done.stdout
            return
        assert done.returncode != 0
        assert time.monotonic() - started < 60
        assert f"127.0.0.1:{way.port}" in done.stdout
        assert "Traceback" not in done.stdout
        assert _replicas(stack) == "1"


@pytest.mark.fault(
    "a third of the packets to the API server is lost, during an update",
    "`up` ends well, and the node stays ready.",
    limit_s=400,
)
def test_packets_to_the_api_server_are_lost(cluster: TestCluster, stack: LiveStack, injected: bool) -> None:
    with restored(stack):
        stack.configure(**{"web.replicas": 2})
        with _losing(cluster) if injected else nullcontext():
            up(stack, fails=False)
        assert _replicas(stack) == "2"
        wait_until(lambda: cluster.cluster.status().healthy)


@pytest.mark.fault(
    "the API server is stopped with SIGSTOP while `up` waits for a Deployment, and continued afterwards",
    "`up` fails within its limits and names the API server; `status` does too; later the same `up` ends well.",
    limit_s=420,
)
def test_the_api_server_stands_still_during_an_update(
    cluster: TestCluster,
    stack: LiveStack,
    injected: bool,
    chance: random.Random,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    run = kubectl(cluster.context)
    assert run is not None
    with restored(stack):
        stack.configure(timeoutSeconds=30, **{"web.replicas": 3})
        with _started_up(stack) as process:
            assert process.stdout is not None
            seen: list[str] = []
            for line in process.stdout:
                seen.append(line)
                if "Deployment" in line and "updating" in line:
                    break
            time.sleep(chance.random() / 4)
            with _standing_still(cluster) if injected else nullcontext():
                if injected:
                    wait_until(lambda: "kube-apiserver does not answer" in (cluster.cluster.status().problem or ""))
                    said = cluster.cli("status")
                    assert (said.returncode, "kube-apiserver does not answer" in said.stdout) == (1, True)
                    started = time.monotonic()
                    with pytest.raises(Unanswered):
                        look(run, "kubectl")
                    assert time.monotonic() - started < 60
                rest, _ = process.communicate(timeout=240)
        said_by_up = "".join(seen) + rest
        assert (process.returncode != 0) == injected, said_by_up
        if injected:
            assert f"The API server of {cluster.context} does not answer" in said_by_up
        assert "Traceback" not in said_by_up
        wait_until(lambda: cluster.cluster.status().healthy, 120)
        stack.configure(timeoutSeconds=None)
        up(stack, fails=False)
        assert _replicas(stack) == "3"


def _replicas(stack: LiveStack) -> str:
    web = ("deployment", "synergychat-web", "--namespace", stack.outputs["namespace"])
    return stack.kubectl("get", *web, "--output=jsonpath={.spec.replicas}")


@contextmanager
def _losing(cluster: TestCluster) -> Iterator[None]:
    """Lose packets outside the node, in the namespace that only this cluster has."""
    node = Process.read(cluster.directory.node_pid)
    assert node is not None
    inside = ["nsenter", f"--net=/proc/{node.pid}/fd/{OUTSIDE_DESCRIPTOR}", "nft"]
    subprocess.run([*inside, "--file", "-"], input=_LOSS, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([*inside, "delete", "table", "inet", "faults"], check=True)


@contextmanager
def _standing_still(cluster: TestCluster) -> Iterator[None]:
    (row,) = [row for row in cluster.cluster.status().components if row["name"] == "kube-apiserver"]
    os.kill(row["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(row["pid"], signal.SIGCONT)


@contextmanager
def _started_up(stack: LiveStack) -> Iterator[subprocess.Popen[str]]:
    """`pulumi up` in a process group of its own, which is killed at the end of the block if it still runs."""
    process = subprocess.Popen(
        [VENV / "bin" / "pulumi", "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive"],
        cwd=stack.directory,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
