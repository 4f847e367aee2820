"""Lost requests during changes: every request of a steady load through Envoy is counted.

The apps are echo, which ends at once on SIGTERM. Its requests in flight are lost unless its pod waits.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tests.e2e.load import CONNECTIONS, Kind, Load, Target, load
from tests.live.live_stack import LiveStack
from tests.live.recipes import Config, file_with, recipes
from tests.live.waiting import wait_until

PROFILES: dict[str, Config] = {"dev": {}, "prod": recipes("operating.md")["Keys for zero failed requests"]}
ENDING_AT_ONCE: set[Kind] = {"long"}
"""Kinds of requests that dev may lose while pods of such an app are replaced."""
PATIENCE_S = 240
CONTROLLERS = ("deployment/envoy-gateway", "-n", "envoy-gateway-system")
ENVOYS = ("-n", "envoy-gateway-system", "-l", "gateway.envoyproxy.io/owning-gateway-name=app-gateway")

IN_DEV, IN_PROD = (pytest.mark.parametrize("profile", [name], indirect=True) for name in PROFILES)

Losing = Callable[..., AbstractContextManager[Load]]


@pytest.fixture(scope="module", params=list(PROFILES))
def profile(request: pytest.FixtureRequest, stack: LiveStack, echo_images: object, original: str) -> str:
    """The name of the profile that the stack is now in."""
    stack.file.write_text(file_with(original, [PROFILES[request.param]]))
    stack.configure(**{"web.image": image("1"), "api.image": image("1")})
    stack.up()
    wait_until(lambda: is_at_rest(stack), PATIENCE_S)
    return request.param


@pytest.fixture
def losing(
    stack: LiveStack, profile: object, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Losing:
    """A block during which requests are sent. Only requests of the given kinds may be lost."""

    @contextmanager
    def during(*kinds: Kind) -> Iterator[Load]:
        urls = [stack.outputs["urls"][app] for app in ("web", "api")]
        targets = [Target(url=f"{url}/", long_url=f"{url}/wait/3s") for url in urls]
        with load(stack.gateway_address, targets) as sent:
            sent.wait_for_more()
            yield sent
            wait_until(lambda: is_at_rest(stack), PATIENCE_S)
            sent.wait_for_more()
        with capsys.disabled():
            print(f"\n  {request.node.name}: {sent}")
        lost = {kind: dict(tally.failures) for kind, tally in sent.tallies.items() if tally.failures}
        assert lost.keys() <= set(kinds), lost

    return during


def image(tag: str) -> str:
    return f"registry.example.com/echo:{tag}"


def is_at_rest(stack: LiveStack) -> bool:
    """Whether all Deployments are as they should be, and no pod is about to go."""
    found = json.loads(stack.kubectl("get", "deployments,pods", "-A", "-o", "json"))["items"]
    deployments = [obj for obj in found if obj["kind"] == "Deployment"]
    pods = [obj for obj in found if obj["kind"] == "Pod"]
    return all(map(is_rolled_out, deployments)) and not any("deletionTimestamp" in pod["metadata"] for pod in pods)


def is_rolled_out(deployment: dict[str, Any]) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(count, 0) for count in ("replicas", "updatedReplicas", "availableReplicas")]
    return status["observedGeneration"] == deployment["metadata"]["generation"] and set(counts) == {wanted}


def may_lose(profile: str) -> set[Kind]:
    return ENDING_AT_ONCE if profile == "dev" else set()


def restart(stack: LiveStack, *what: str) -> None:
    stack.kubectl("rollout", "restart", "deployment", *what)


def pods_of(stack: LiveStack, deployment: str) -> int:
    found = json.loads(stack.kubectl("get", "deployment", deployment, "-n", stack.outputs["namespace"], "-o", "json"))
    return found["spec"]["replicas"]


def test_what_is_called_fresh_and_kept_alive_is(losing: Losing) -> None:
    with losing() as sent:
        pass
    fresh, kept = sent.tallies["fresh"], sent.tallies["kept alive"]
    assert (fresh.connections, kept.connections) == (fresh.requests, CONNECTIONS)


def test_web_and_api_are_restarted(stack: LiveStack, profile: str, losing: Losing) -> None:
    with losing(*may_lose(profile)):
        restart(stack, "synergychat-web", "synergychat-api", "-n", stack.outputs["namespace"])


def test_web_and_api_get_another_image(stack: LiveStack, profile: str, losing: Losing) -> None:
    stack.configure(**{"web.image": image("2"), "api.image": image("2")})
    with losing(*may_lose(profile)):
        assert stack.up()["update"] >= 2


def test_web_and_api_get_another_config(stack: LiveStack, profile: str, losing: Losing) -> None:
    stack.configure(**{"web.env": {"LEVEL": profile}, "api.env": {"LEVEL": profile}})
    with losing(*may_lose(profile)):
        stack.up()


def test_the_number_of_pods_changes(stack: LiveStack, profile: str, losing: Losing) -> None:
    before = pods_of(stack, "synergychat-api")
    with losing(*may_lose(profile)):
        for number in (before + 2, before):
            stack.configure(**{"api.replicas": number})
            stack.up()


def test_the_envoys_are_rolled(stack: LiveStack, losing: Losing) -> None:
    with losing():
        restart(stack, *ENVOYS)


def test_there_is_no_controller_for_a_minute(stack: LiveStack, losing: Losing) -> None:
    number = stack.kubectl("get", *CONTROLLERS, "-o", "jsonpath={.spec.replicas}")
    with losing() as sent:
        stack.kubectl("scale", *CONTROLLERS, "--replicas=0")
        sent.wait_for_more(seconds=60)
        stack.kubectl("scale", *CONTROLLERS, f"--replicas={number}")


@IN_PROD
def test_all_envoys_are_deleted_at_once(stack: LiveStack, losing: Losing) -> None:
    with losing():
        stack.kubectl("delete", "pod", *ENVOYS, "--wait=false")


@IN_PROD
def test_pods_come_and_go_with_the_load(stack: LiveStack, losing: Losing) -> None:
    with losing():
        for share, number in ((1, 4), (1000, 2)):
            autoscale(stack, share)
            wait_until(lambda expected=number: pods_of(stack, "synergychat-web") == expected, PATIENCE_S)


def autoscale(stack: LiveStack, share: int) -> None:
    """Pods are added above this percentage of the CPU that they request, and taken away below it without delay."""
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": share}}
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 0}}
    change = json.dumps({"spec": {"metrics": [{"type": "Resource", "resource": cpu}], "behavior": behavior}})
    stack.kubectl("patch", "hpa", "synergychat-web", "-n", stack.outputs["namespace"], "--type=merge", "-p", change)


@IN_PROD
def test_the_node_is_drained_as_far_as_the_budgets_allow(stack: LiveStack, losing: Losing) -> None:
    with losing():
        said = drain(stack)
    for pods in ("synergychat-web", "synergychat-api", "envoy-synergychat-app-gateway", "envoy-gateway"):
        assert f'error when evicting pods/"{pods}-' in said


@IN_DEV
def test_the_node_is_drained_and_nothing_answers(stack: LiveStack, losing: Losing) -> None:
    with losing("fresh", "kept alive", "long") as sent:
        drain(stack)
    assert all(tally.failed for tally in sent.tallies.values())


def drain(stack: LiveStack) -> str:
    """Drain the only node and return kubectl's error. Evicted pods stay pending until the node is uncordoned."""
    node = stack.kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    try:
        stack.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=40s")
        return ""
    except subprocess.CalledProcessError as error:
        return error.stderr
    finally:
        stack.kubectl("uncordon", node)
