"""What the cluster adds for its pods beside Kubernetes' own components: policies are enforced, metrics are served."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import cgroups
from local.cluster.cloud.netns import Namespace
from local.toolchain import Tools
from tests.conftest import TestCluster
from tests.live.waiting import wait_until

NAMESPACE = "guarded"
PODS = ("server", "friend", "stranger")
ONLY_FRIENDS = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only-friends}
spec:
  podSelector: {matchLabels: {run: server}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {run: friend}}}]
      ports: [{port: 8080}]
"""


class Guarded:
    """Three pods that run nothing: what listens and connects in them is a socket of the test's own."""

    def __init__(self, cluster: TestCluster, tools: Tools) -> None:
        self._kubectl = [
            str(tools.program("kubectl")),
            f"--kubeconfig={cluster.kubeconfig}",
            f"--namespace={NAMESPACE}",
        ]
        self._group = cluster.directory.cgroup

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        done = subprocess.run([*self._kubectl, *arguments], input=given, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def socket(self, pod: str) -> socket.socket:
        network = Namespace(f"/proc/{self._pid(pod)}/ns/net")
        try:
            return network.socket(socket.SOCK_STREAM, "0.0.0.0")  # noqa: S104 - of the pod's own network
        finally:
            network.close()

    def address(self, pod: str) -> str:
        return self.kubectl("get", "pod", pod, "--output=jsonpath={.status.podIP}")

    def connects(self, pod: str, port: int) -> bool:
        """Whether the server answers a connection from `pod`. To one that is refused nothing answers."""
        with self.socket(pod) as client:
            client.settimeout(0.8)
            try:
                client.connect((self.address("server"), port))
            except TimeoutError:
                return False
            return True

    def _pid(self, pod: str) -> int:
        named = f"HOSTNAME={pod}".encode()
        (found,) = (
            pid
            for pid in cgroups.processes(self._group, of_pods=True)
            if named in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        )
        return found


@pytest.fixture
def guarded(cluster: TestCluster, tools: Tools) -> Iterator[Guarded]:
    made = Guarded(cluster, tools)
    made.kubectl("create", "namespace", NAMESPACE)
    for pod in PODS:
        made.kubectl("run", pod, "--image=registry.k8s.io/pause:3.10")
    made.kubectl("wait", "--for=condition=Ready", "pods", "--all", "--timeout=60s")
    yield made
    made.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_a_network_policy_lets_in_whom_it_names_on_the_port_it_names_and_nobody_else(guarded: Guarded) -> None:
    with guarded.socket("server") as allowed, guarded.socket("server") as other:
        for listener, port in ((allowed, 8080), (other, 8081)):
            listener.bind(("0.0.0.0", port))  # noqa: S104 - of the pod's own network
            listener.listen()
        for pod, port in ((pod, port) for pod in ("friend", "stranger") for port in (8080, 8081)):
            wait_until(lambda pod=pod, port=port: guarded.connects(pod, port))
        guarded.kubectl("apply", "--filename=-", given=ONLY_FRIENDS)
        wait_until(lambda: not guarded.connects("stranger", 8080))
        wait_until(lambda: guarded.connects("friend", 8080))
        assert not guarded.connects("friend", 8081)


def test_kubectl_top_knows_what_nodes_and_pods_take(cluster: TestCluster, tools: Tools) -> None:
    def top(*arguments: str) -> str:
        command = [str(tools.program("kubectl")), f"--kubeconfig={cluster.kubeconfig}", "top", *arguments]
        return subprocess.run(command, text=True, capture_output=True, check=False).stdout

    wait_until(lambda: cluster.directory.name in top("nodes"))
    wait_until(lambda: "coredns" in top("pods", "--namespace=kube-system"))
