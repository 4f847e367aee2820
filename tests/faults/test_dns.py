"""The cluster's DNS is gone."""

import pytest

from tests.conftest import TestCluster
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

COREDNS = ("deployment/coredns", "--namespace=kube-system")
_MISSING = "the cluster's DNS does not answer"


@pytest.mark.fault(
    "CoreDNS is scaled to 0",
    "`status` says that the cluster's DNS does not answer; Envoy and the chat serve on.",
)
def test_coredns_is_gone(cluster: TestCluster, stack: LiveStack, injected: bool) -> None:
    try:
        if injected:
            stack.kubectl("scale", *COREDNS, "--replicas=0")
            wait_until(lambda: cluster.cluster.status().problem == _MISSING)
        said = cluster.cli("status")
        assert (said.returncode, _MISSING in said.stdout) == ((1, True) if injected else (0, False))
        urls = stack.outputs["urls"]
        for _ in range(20):
            assert stack.request("GET", urls["web"]).status_code == 200
            assert stack.request("GET", f"{urls['api']}/healthz").status_code == 200
    finally:
        stack.kubectl("scale", *COREDNS, "--replicas=1")
        wait_until(lambda: cluster.cluster.status().healthy, 90)
