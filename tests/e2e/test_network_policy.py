"""A stack that wants no NetworkPolicies, tried from the pods themselves."""

import json

import pytest

from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack
from tests.live.pods import PodNetworks
from tests.live.waiting import wait_until

PORT = 8080


def names(stack: LiveStack) -> list[str]:
    found = json.loads(stack.kubectl("get", "networkpolicies", "-n", stack.outputs["namespace"], "-o", "json"))["items"]
    return [policy["metadata"]["name"] for policy in found]


def connects(stack: LiveStack, pods: PodNetworks) -> bool:
    """The page to the crawler, which has no reason to."""
    crawlers = ("pods", "-n", stack.outputs["namespace"], "-l", "app.kubernetes.io/name=synergychat-crawler")
    address = stack.kubectl("get", *crawlers, "-o", "jsonpath={.items[0].status.podIP}")
    return pods.connects("synergychat-web", address, PORT)


@pytest.mark.usefixtures("original")
def test_without_policies_everything_connects_and_with_them_again_no_longer(
    stack: LiveStack, cluster: TestCluster
) -> None:
    pods = PodNetworks(cluster.directory)
    assert "default-deny" in names(stack)
    assert not connects(stack, pods)
    stack.configure(networkPolicy=False)
    assert stack.up()["delete"] == 5
    assert names(stack) == []
    wait_until(lambda: connects(stack, pods))
    stack.configure(networkPolicy=None)
    stack.up()
    wait_until(lambda: not connects(stack, pods))
