"""Drift: differences between a cluster and its stack."""

import copy

from health.drift import differences
from tests.cases.builders import Manifest, gateway, manifest, route, service


def drift(stack: list[Manifest], live: list[Manifest]) -> list[str]:
    """All differences: object, path and text."""
    return [f"{found.object} {found.path} {found.text}" for found in differences(stack, live)]


def test_a_default_of_the_api_server_is_no_difference() -> None:
    live = route()
    live["spec"]["rules"][0]["backendRefs"][0]["weight"] = 1
    live["metadata"]["generation"] = 3
    condition = {"type": "Accepted", "status": "True", "observedGeneration": 3}
    live["status"] = {"parents": [{"parentRef": {"name": "gate"}, "conditions": [condition]}]}
    assert drift([route(), gateway()], [live, gateway(), service()]) == []


def test_a_field_is_named_with_both_values() -> None:
    live = route()
    live["spec"]["rules"][0]["backendRefs"][0]["port"] = 81
    assert drift([route()], [live]) == [
        "HTTPRoute chat/web spec.rules[0].backendRefs[0].port the stack has 80, the cluster 81"
    ]


def test_a_list_of_another_length_differs_as_a_whole() -> None:
    live = copy.deepcopy(route(hostnames=["a.test"]))
    assert drift([route(hostnames=["a.test", "b.test"])], [live]) == [
        "HTTPRoute chat/web spec.hostnames the stack has ['a.test', 'b.test'], the cluster ['a.test']"
    ]


def test_an_object_that_is_missing_is_named() -> None:
    assert drift([route()], []) == ["HTTPRoute chat/web  is not on the cluster"]
    assert drift([manifest("GatewayClass", "c", spec={})], []) == ["GatewayClass c  is not on the cluster"]


def test_a_value_that_the_plan_hides_is_not_compared() -> None:
    planned = route(hostnames=["[secret]"])
    assert drift([planned], [route(hostnames=["a.test"])]) == []


def test_a_condition_that_is_not_true_is_a_difference_with_the_message_of_the_controller() -> None:
    live = route()
    condition = {"type": "Accepted", "status": "False", "reason": "NotAllowed", "message": "No."}
    live["status"] = {"parents": [{"parentRef": {"name": "gate"}, "conditions": [condition]}]}
    assert drift([route()], [live]) == ["HTTPRoute chat/web  parent gate: Accepted is False (NotAllowed: No.)"]


def test_rules_that_the_controller_has_dropped_are_a_difference() -> None:
    live = route()
    condition = {"type": "PartiallyInvalid", "status": "True", "reason": "UnsupportedValue", "message": "Dropped [0]."}
    live["status"] = {"parents": [{"parentRef": {"name": "gate"}, "conditions": [condition]}]}
    assert drift([route()], [live]) == [
        "HTTPRoute chat/web  parent gate: PartiallyInvalid is True (UnsupportedValue: Dropped [0].)"
    ]


def test_a_condition_of_an_earlier_generation_is_a_difference() -> None:
    live = gateway()
    live["metadata"]["generation"] = 2
    live["status"] = {"conditions": [{"type": "Programmed", "status": "True", "observedGeneration": 1}]}
    assert "Programmed is of an earlier generation" in drift([gateway()], [live])[0]


def test_the_status_of_a_parent_that_the_route_no_longer_names_is_ignored() -> None:
    live = route()
    live["metadata"]["generation"] = 2
    stale = {"type": "Accepted", "status": "False", "reason": "NotAllowed", "message": "No.", "observedGeneration": 1}
    live["status"] = {"parents": [{"parentRef": {"name": "gate", "sectionName": "http"}, "conditions": [stale]}]}
    assert drift([route()], [live]) == []
