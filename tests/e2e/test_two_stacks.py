"""Two stacks in one cluster: one manages the platform, the other uses it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live.live_stack import LiveStack, live_stack

SECOND = {
    "platform": "external",
    "namespace": "second",
    "web.hostname": "second.internal",
    "api.hostname": "secondapi.internal",
}


@pytest.fixture(scope="module")
def second(stack: LiveStack) -> Iterator[LiveStack]:
    """A stack on the platform of the first, with namespace, host names and state of its own."""
    with live_stack("test-second-stack", stack.kubeconfig, stack.context) as second:
        second.configure(**SECOND)
        second.up()
        yield second


def test_both_stacks_answer_each_at_its_own_address(stack: LiveStack, second: LiveStack) -> None:
    assert second.gateway_address != stack.gateway_address
    assert second.request("GET", "http://second.internal").status_code == 200
    assert second.request("GET", "http://secondapi.internal/healthz").json() == {"status": "ok"}
    assert second.request("GET", "http://synchat.internal").status_code == 404
    assert stack.request("GET", "http://second.internal").status_code == 404


def test_the_proxy_of_the_second_stack_is_its_gateways_own(second: LiveStack) -> None:
    second.configure(**{"gateway.proxy": {"logging": {"level": {"default": "info"}}}})
    assert second.up()["update"] == 1
    owner = "gateway.envoyproxy.io/owning-gateway-namespace=second"
    arguments = second.kubectl("get", "deployments", "-A", "-l", owner, "-o", "jsonpath={..args}")
    assert "--log-level info" in arguments.replace('","', " ")


def test_a_preview_tells_what_the_platform_lacks(second: LiveStack) -> None:
    second.configure(**{"gateway.className": "absent", "envoyGateway.namespace": "elsewhere"})
    try:
        preview = second.cli("preview")
    finally:
        second.configure(**{"gateway.className": None, "envoyGateway.namespace": None})
    assert preview.returncode != 0
    assert (
        "GatewayClass absent is missing (synergychat:gateway.className); existing: app-gatewayclass" in preview.stdout
    )


def test_a_protected_platform_is_not_destroyed_and_both_stacks_serve_on(stack: LiveStack, second: LiveStack) -> None:
    stack.configure(**{"envoyGateway.protect": True})
    try:
        stack.up()
        destroyed = stack.cli("destroy", "--yes")
        assert destroyed.returncode != 0
        assert "cannot be deleted" in destroyed.stdout
        assert stack.request("GET", "http://synchat.internal").status_code == 200
        assert second.request("GET", "http://second.internal").status_code == 200
    finally:
        stack.configure(**{"envoyGateway.protect": None})
        stack.up()


def test_no_request_to_the_first_stack_is_lost_while_the_second_is_destroyed(
    stack: LiveStack, second: LiveStack
) -> None:
    ended = threading.Event()

    def ask() -> list[int]:
        codes: list[int] = []
        with stack.client() as client:
            while not ended.is_set():
                codes.append(client.get("/", headers={"Host": "synchat.internal"}).status_code)
        return codes

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            destroyed = second.cli("destroy", "--yes", "--skip-preview")
        finally:
            ended.set()
    codes = [code for future in asking for code in future.result()]
    assert destroyed.returncode == 0, destroyed.stdout
    assert len(codes) > 100
    assert set(codes) == {200}
    assert second.kubectl("get", "namespace", "second", "--ignore-not-found") == ""
    assert stack.kubectl("get", "gatewayclass", "app-gatewayclass", "-o", "name").strip()
