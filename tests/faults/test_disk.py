"""No room is left on the disk of the cluster's state."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from local.cluster import preflight
from local.cluster.cloud.netns import NetworkNamespace
from local.toolchain import Tools
from tests.faults.small_cluster import API_PORT, FIRST_ADDRESS, NAME, answers
from tests.live.pods import PodNetworks
from tests.live.test_cluster_lifecycle import Life
from tests.live.waiting import wait_until

PORT, TARGET_PORT = 8088, 8080
_SIZE = "1500m"
_LONG_LOG = 20 << 20
"""Bytes of a log that is longer than the supervisor allows."""
# It has a priority for which kubelet leaves a pod alone: it evicts others when the disk is full, as everywhere.
SERVED = f"""
apiVersion: v1
kind: Pod
metadata: {{name: server, labels: {{app: server}}}}
spec:
  priorityClassName: system-node-critical
  terminationGracePeriodSeconds: 0
  containers: [{{name: pause, image: "registry.k8s.io/pause:3.10"}}]
---
apiVersion: v1
kind: Service
metadata: {{name: server}}
spec:
  type: LoadBalancer
  selector: {{app: server}}
  ports: [{{port: {PORT}, targetPort: {TARGET_PORT}}}]
"""


@pytest.fixture
def on_small_disk(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Life, Path]]:
    """A cluster whose state is on a small disk of its own, and the root of that disk."""
    life = Life(tools, NAME, API_PORT, FIRST_ADDRESS)
    life.cluster.down(purge=True)  # what a killed run may have left on the disk of all others
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "tmpfs", disk], check=True)
    try:
        monkeypatch.setenv("XDG_STATE_HOME", str(disk))
        monkeypatch.setattr(preflight, "MIN_FREE_DISK", 0)
        life.up()
        yield life, disk
    finally:
        (disk / "filling").unlink(missing_ok=True)
        life.cluster.down(purge=True)
        subprocess.run(["umount", disk], check=True)


@pytest.mark.fault(
    "dd fills the disk of the cluster's state, a log is too long, and the process for load balancers is killed",
    "Pods, load balancers and the API answer meanwhile; with room again, the cluster is ready with its data.",
    limit_s=480,
)
def test_the_disk_is_full(on_small_disk: tuple[Life, Path], injected: bool) -> None:
    small, disk = on_small_disk
    small.kubectl("create", "configmap", "kept", "--from-literal=answer=42")
    small.kubectl("apply", "--filename=-", given=SERVED)
    small.kubectl("wait", "--for=condition=Ready", "pod/server", "--timeout=60s")
    supervisor, node, cloud = small.supervisor(), small.node(), small.component("cloud")["pid"]
    log = small.directory.logs / "metrics-server.log"
    with _serving(small):
        wait_until(_is_served)
        if injected:
            with log.open("ab") as file:
                file.write(b"a line of a log\n" * (_LONG_LOG // 16))
            filled = subprocess.run(
                ["dd", "if=/dev/zero", f"of={disk}/filling", "bs=64k"], capture_output=True, text=True, check=False
            )
            assert "No space left on device" in filled.stderr
            os.kill(cloud, signal.SIGKILL)
        wait_until(_is_served, 60)
        wait_until(lambda: answers(small, "get", "nodes"), 60)
        # The log is shortened within a minute, without room for a copy of it.
        wait_until(lambda: not log.exists() or log.stat().st_size < _LONG_LOG, 90)
        assert _is_served()
        assert (small.supervisor(), small.node()) == (supervisor, node)
        (disk / "filling").unlink(missing_ok=True)
        wait_until(lambda: small.cluster.status().healthy, 180)
        assert small.component("cloud")["pid"] != cloud or not injected
        wait_until(_is_served)
    assert small.kubectl("get", "configmap", "kept", "--output=jsonpath={.data.answer}") == "42"
    small.kubectl("create", "configmap", "after", "--from-literal=answer=43")


@contextmanager
def _serving(small: Life) -> Iterator[None]:
    """Answer, in the network of the pod, each connection with one line."""
    inside = NetworkNamespace(f"/proc/{PodNetworks(small.directory).pid('server')}/ns/net")
    with ExitStack() as opened:
        opened.callback(inside.close)
        listener = opened.enter_context(inside.socket(socket.SOCK_STREAM, "0.0.0.0"))  # noqa: S104 - of the pod
        listener.setblocking(True)
        listener.bind(("0.0.0.0", TARGET_PORT))  # noqa: S104
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.sendall(b"served\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _is_served() -> bool:
    with suppress(OSError), socket.create_connection((FIRST_ADDRESS, PORT), timeout=5) as client:
        return client.recv(100) == b"served\n"
    return False
