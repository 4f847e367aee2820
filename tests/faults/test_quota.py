"""A ResourceQuota that refuses what `up` needs."""

from typing import Any

import pytest

from tests.faults.failing_up import about, restored, up
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

CHAT, CONTROLLERS = "synergychat", "envoy-gateway-system"
EXTRA = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "extra", "namespace": CHAT},
    "spec": {"ports": [{"port": 80}]},
}
EXCEEDED = "exceeded quota"
CASES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "pods": (CHAT, {"web.replicas": 2}, "Deployment synergychat-web is not ready", EXCEEDED),
    "services": (CHAT, {"objects": [EXTRA]}, "Service extra is refused", EXCEEDED),
    "services.loadbalancers": (
        CONTROLLERS,
        {"gateways": {"more": {}}},
        "Gateway more is not ready",
        "its Envoy has no Service, and a quota is used up",
    ),
}
RESTART = ("rollout", "restart", "-n", CONTROLLERS, "deployment/envoy-gateway")


@pytest.mark.parametrize("resource", CASES)
@pytest.mark.fault(
    "a ResourceQuota leaves no room for another pod, Service or load balancer, which the next `up` needs",
    "`up` fails within its timeout and names object, quota and command; without the quota it succeeds.",
)
def test_a_quota_is_used_up(stack: LiveStack, injected: bool, resource: str) -> None:
    namespace, change, what, reason = CASES[resource]
    quota = ("quota", "small", "--namespace", namespace)
    with restored(stack):
        try:
            if injected:
                # What exists stays, and counts.
                stack.kubectl("create", *quota, f"--hard={resource}=0")
                wait_until(lambda: _is_in_force(stack, namespace))
                stack.configure(timeoutSeconds=30)
            stack.configure(**change)
            said = up(stack, fails=injected)
            if injected:
                explained = about(said, what)
                assert f"{reason}: small" in explained or "a quota is used up: small" in explained
                assert resource in explained
                assert f"describe resourcequota small -n {namespace}" in explained
                # Envoy Gateway does not try again by itself to make the Service.
                assert (" ".join(RESTART) in explained) == (namespace == CONTROLLERS)
        finally:
            stack.kubectl("delete", *quota, "--ignore-not-found")
        if injected:
            if namespace == CONTROLLERS:
                stack.kubectl(*RESTART)
            stack.configure(timeoutSeconds=None)
            up(stack, fails=False)


def _is_in_force(stack: LiveStack, namespace: str) -> bool:
    return bool(stack.kubectl("get", "quota", "small", "--namespace", namespace, "--output=jsonpath={.status.hard}"))
