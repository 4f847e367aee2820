"""Rows: which objects are listed, in which order, and with which events."""

from typing import Any

from health.rows import rows
from kube.manifest import Manifest
from tests.unit.health.cluster_objects import (
    GATEWAY_API,
    GOOD_GATEWAY,
    REPLICA_SET,
    an_object,
    deployment,
    gateway,
    of_envoy,
    pod,
    route,
    text_of,
    waiting,
)


def event(about: Manifest, message: str, at: str, **changed: Any) -> Manifest:
    fields = an_object("Event", "v1", f"{message}-{at}", involvedObject={"uid": about["metadata"]["uid"]})
    return fields | {"type": "Warning", "reason": "Unhealthy", "message": message, "lastTimestamp": at} | changed


def test_the_last_three_warnings_about_a_failing_object_and_its_pods_are_shown() -> None:
    starting, stuck = pod({"running": {}}), deployment(availableReplicas=0)
    events = [
        event(starting, "fourth", "2026-11-24T12:04:00Z"),
        event(REPLICA_SET, "third", "2026-11-24T12:03:00Z", lastTimestamp=None, eventTime="2026-11-24T12:03:00.1Z"),
        event(starting, "first", "2026-11-24T12:01:00Z"),
        event(stuck, "second", "2026-11-24T12:02:00Z"),
        event(stuck, "second", "2026-11-24T12:02:30Z"),
        event(stuck, "a normal event", "2026-11-24T12:05:00Z", type="Normal"),
        event(an_object("Pod", "v1", "another"), "of another pod", "2026-11-24T12:05:00Z"),
    ]
    assert text_of(stuck, REPLICA_SET, starting, *events).splitlines()[1:] == [
        "event Unhealthy: second",
        "event Unhealthy: third",
        "event Unhealthy: fourth",
    ]


def test_warnings_that_repeat_the_state_of_the_container_are_left_out() -> None:
    failing = pod(waiting("ImagePullBackOff"))
    events = [
        event(failing, reason, "2026-11-24T12:01:00Z", reason=reason) for reason in ("Failed", "BackOff", "Evicted")
    ]
    text = text_of(deployment(availableReplicas=0), REPLICA_SET, failing, *events)
    assert [line for line in text.splitlines() if line.startswith("event")] == ["event Evicted: Evicted"]


def test_envoys_of_other_gateways_are_not_listed() -> None:
    def of_class(name: str) -> Manifest:
        return of_envoy("Deployment", name, **{"gateway.envoyproxy.io/owning-gatewayclass": name})

    envoys = [of_envoy("Deployment", "web"), of_envoy("Deployment", "another"), of_class("ours"), of_class("theirs")]
    found = rows([gateway(GOOD_GATEWAY), *envoys], "kubectl")
    assert [row.name for row in found if row.what == "Deployment"] == ["envoy-ours", "envoy-web"]


def test_rows_are_sorted_from_the_gateway_class_to_the_pods() -> None:
    found = rows([deployment(), route("HTTPRoute"), gateway([]), an_object("GatewayClass", GATEWAY_API)], "kubectl")
    assert [row.what for row in found] == ["GatewayClass", "Gateway", "HTTPRoute", "Deployment"]


def test_a_kind_of_another_group_is_not_listed() -> None:
    assert rows([an_object("Gateway", "networking.istio.io/v1")], "kubectl") == []


def test_no_text_of_the_cluster_acts_on_the_terminal() -> None:
    hostile = "\x1b[2J\x9b\u202ecluster ready"
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    failing = pod(waiting("CrashLoopBackOff", message=hostile)), pod(ended)
    condition = {"type": "Programmed", "status": "False", "reason": "Invalid", "message": hostile}
    items = [gateway([condition]), deployment(availableReplicas=0), REPLICA_SET, *failing]
    found = rows([*items, event(failing[0], hostile, "2026-11-24T12:01:00Z")], "kubectl", lambda _: hostile)
    texts = "\n".join(row.text for row in found)
    assert texts.count(r"\x1b[2J\x9b\u202ecluster ready") >= 3
    assert not {"\x1b", "\x9b", "\u202e"} & {*texts}
