"""Who may connect to whom in the chat's namespace, tried from the pods themselves."""

import json
from collections.abc import Iterator

import pytest

from local.cluster import network
from local.cluster.node import OUTSIDE_DESCRIPTOR
from local.cluster.process import Process
from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack
from tests.live.pods import PodNetworks, listening
from tests.live.waiting import wait_until

ENVOY = "envoy-synergychat-app-gateway"
STRANGER = "stranger"
PORT = 8080


@pytest.fixture(scope="module")
def pods(cluster: TestCluster, stack: LiveStack) -> Iterator[PodNetworks]:
    """Pods of the stack, and one of another namespace."""
    stack.kubectl("run", STRANGER, "--namespace=default", "--image=registry.k8s.io/pause:3.10")
    stack.kubectl("wait", "--for=condition=Ready", f"pod/{STRANGER}", "--namespace=default", "--timeout=60s")
    yield PodNetworks(cluster.directory)
    stack.kubectl("delete", "pod", STRANGER, "--namespace=default", "--grace-period=1")


def address(stack: LiveStack, app: str) -> str:
    """Address of a pod of the chat, so that no Service is involved."""
    chosen = ("--namespace", stack.outputs["namespace"], f"--selector=app.kubernetes.io/name=synergychat-{app}")
    (pod,) = json.loads(stack.kubectl("get", "pods", *chosen, "--output=json"))["items"]
    return pod["status"]["podIP"]


@pytest.mark.parametrize(("client", "server"), [(ENVOY, "web"), (ENVOY, "api"), ("synergychat-api", "crawler")])
def test_what_the_stack_is_made_of_connects(stack: LiveStack, pods: PodNetworks, client: str, server: str) -> None:
    wait_until(lambda: pods.connects(client, address(stack, server), PORT))


@pytest.mark.parametrize(
    ("client", "server"),
    [
        ("synergychat-web", "crawler"),
        ("synergychat-crawler", "api"),
        (ENVOY, "crawler"),
        (STRANGER, "web"),
        (STRANGER, "api"),
        (STRANGER, "crawler"),
    ],
)
def test_nobody_else_does(stack: LiveStack, pods: PodNetworks, client: str, server: str) -> None:
    assert not pods.connects(client, address(stack, server), PORT)


def test_nothing_leaves_the_namespace(cluster: TestCluster, pods: PodNetworks) -> None:
    node = Process.read(cluster.directory.node_pid)
    assert node is not None
    with listening(f"/proc/{node.pid}/fd/{OUTSIDE_DESCRIPTOR}", network.OUTSIDE, PORT):
        assert pods.connects(STRANGER, network.OUTSIDE, PORT)
        assert not any(pods.connects(f"synergychat-{app}", network.OUTSIDE, PORT) for app in ("web", "api", "crawler"))
