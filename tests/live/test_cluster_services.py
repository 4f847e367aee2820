"""Services of the cluster beside Kubernetes' own components: NetworkPolicies and metrics."""

import subprocess
from collections.abc import Callable, Iterator

import pytest

from local.toolchain import Tools
from tests.conftest import TestCluster
from tests.live.pods import PodNetworks
from tests.live.waiting import wait_until

NAMESPACE = "guarded"
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

Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(cluster: TestCluster, tools: Tools) -> Kubectl:
    def run(*arguments: str, given: str | None = None) -> str:
        command = [str(tools.program("kubectl")), f"--kubeconfig={cluster.kubeconfig}", *arguments]
        return subprocess.run(command, input=given, text=True, capture_output=True, check=True).stdout

    return run


@pytest.fixture
def server(kubectl: Kubectl) -> Iterator[str]:
    """Create the pods `server`, `friend` and `stranger`; return the address of `server`."""
    kubectl("create", "namespace", NAMESPACE)
    for pod in ("server", "friend", "stranger"):
        kubectl("run", pod, f"--namespace={NAMESPACE}", "--image=registry.k8s.io/pause:3.10")
    kubectl("wait", "--for=condition=Ready", "pods", "--all", f"--namespace={NAMESPACE}", "--timeout=60s")
    yield kubectl("get", "pod", "server", f"--namespace={NAMESPACE}", "--output=jsonpath={.status.podIP}")
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_a_network_policy_allows_only_its_pods_and_ports(cluster: TestCluster, server: str, kubectl: Kubectl) -> None:
    pods = PodNetworks(cluster.directory)
    with pods.listening("server", 8080), pods.listening("server", 8081):
        for pod, port in (("friend", 8080), ("friend", 8081), ("stranger", 8080)):
            wait_until(lambda pod=pod, port=port: pods.connects(pod, server, port))
        kubectl("apply", f"--namespace={NAMESPACE}", "--filename=-", given=ONLY_FRIENDS)
        wait_until(lambda: not pods.connects("stranger", server, 8080))
        wait_until(lambda: pods.connects("friend", server, 8080))
        assert not pods.connects("friend", server, 8081)


def test_kubectl_top_reports_nodes_and_pods(kubectl: Kubectl) -> None:
    def top(*arguments: str) -> str:
        try:
            return kubectl("top", *arguments)
        except subprocess.CalledProcessError:
            return ""  # not yet

    wait_until(lambda: "%" in top("nodes", "--no-headers"))
    wait_until(lambda: "coredns" in top("pods", "--namespace=kube-system"))
