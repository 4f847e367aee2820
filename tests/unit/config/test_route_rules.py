"""Rules of routes and policies."""

from typing import Any

import pytest

from tests.unit.config.workloads import SHOP
from tests.unit.stacks import explained, parse, problems

EXPOSED = SHOP | {"hostname": "shop.internal"}
HTTP_FILTER = {"type": "RequestMirror", "requestMirror": {"backendRef": {"workload": "wep"}}}


def policy(*targets: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"policies": {"p": {"kind": "SecurityPolicy", "targets": list(targets), **keys}}}


# Names


@pytest.mark.parametrize("name", ["web-httproute", "api-httproute"])
def test_a_route_has_another_name_than_the_chats_own(name: str) -> None:
    assert explained({"routes": {name: {"backend": "web"}}}) == [
        (f"routes.{name}", "name-taken", {"name": "a route of the chat"})
    ]


@pytest.mark.parametrize(
    ("route", "place", "suggestion"),
    [
        ({"backend": "wep"}, "backend", "did you mean web?"),
        ({"backend": "zzz"}, "backend", "known: api, crawler, web"),
        ({"canary": {"stable": "web", "next": "apy", "percent": 1}}, "canary.next", "did you mean api?"),
        ({"rules": [{"backendRefs": [{"workload": "wep"}]}]}, "rules[0].backendRefs[0].workload", "did you mean web?"),
        (
            {"rules": [{"filters": [HTTP_FILTER]}]},
            "rules[0].filters[0].requestMirror.backendRef.workload",
            "did you mean web?",
        ),
    ],
    ids=str,
)
def test_a_workload_that_does_not_exist_is_rejected_with_the_one_that_was_meant(
    route: dict[str, Any], place: str, suggestion: str
) -> None:
    assert explained({"routes": {"a": route}}) == [
        (f"routes.a.{place}", "workload-unknown", {"suggestion": suggestion})
    ]


@pytest.mark.parametrize(
    ("config", "place", "suggestion"),
    [
        (
            {"gateways": {"inner": {}}, "routes": {"a": {"gateway": "iner", "backend": "web"}}},
            "routes.a.gateway",
            "did you mean inner?",
        ),
        (policy({"gateway": "x"}), "policies.p.targets[0].gateway", "known: app-gateway"),
    ],
    ids=["route", "policy"],
)
def test_a_gateway_that_does_not_exist_is_rejected_with_the_one_that_was_meant(
    config: dict[str, Any], place: str, suggestion: str
) -> None:
    assert explained(config) == [(place, "gateway-unknown", {"suggestion": suggestion})]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("web-route", "did you mean web-httproute?"), ("zzz", "known: api-httproute, web-httproute")],
)
def test_a_route_that_does_not_exist_is_rejected_with_the_one_that_was_meant(name: str, suggestion: str) -> None:
    assert explained(policy({"route": name})) == [
        ("policies.p.targets[0].route", "route-unknown", {"suggestion": suggestion})
    ]


# Names of extra apps


def test_a_route_may_name_an_app_wherever_it_names_a_workload() -> None:
    routes = {
        "a": {"backend": "shop"},
        "b": {"canary": {"stable": "web", "next": "shop", "percent": 1}},
        "c": {"rules": [{"backendRefs": [{"workload": "shop"}]}]},
    }
    parse({"apps": {"shop": SHOP}, "routes": routes})


@pytest.mark.parametrize("app", [SHOP | {"kind": "Job"}, SHOP | {"port": None}], ids=str)
def test_an_app_that_serves_no_requests_cannot_be_a_backend(app: dict[str, Any]) -> None:
    assert explained({"apps": {"shop": app}, "routes": {"a": {"backend": "shop"}}}) == [
        ("routes.a.backend", "workload-unknown", {"suggestion": "known: api, crawler, web"})
    ]


def test_a_route_has_another_name_than_the_route_of_an_app() -> None:
    assert explained({"apps": {"shop": EXPOSED}, "routes": {"shop": {"backend": "web"}}}) == [
        ("routes.shop", "name-of-app-route", {"key": "apps.shop.hostname"})
    ]


# Host names that have a route already


SHOPS_HOST = {"hostnames": ["other.internal", "shop.internal"]}
MATCHING = {"matches": [{"path": {"value": "/a"}}]}


@pytest.mark.parametrize(
    "route",
    [
        {"backend": "web"},
        {"canary": {"stable": "shop", "next": "web", "percent": 10}},
        {"maintenance": "later"},
        {"rules": [MATCHING, {"backendRefs": [{"workload": "web"}]}]},
        {"backend": "web", "gateway": "app-gateway"},
    ],
    ids=str,
)
def test_a_route_cannot_take_all_requests_for_the_host_name_of_an_app(route: dict[str, Any]) -> None:
    assert explained({"apps": {"shop": EXPOSED}, "routes": {"a": SHOPS_HOST | route}}) == [
        ("routes.a.hostnames[1]", "host-has-own-route", {"key": "apps.shop.hostname"})
    ]


def test_a_route_cannot_take_all_requests_for_a_host_name_of_the_chat() -> None:
    assert explained({"routes": {"a": {"hostnames": ["synchat.internal"], "maintenance": "later"}}}) == [
        ("routes.a.hostnames[0]", "host-has-own-route", {"key": "web.hostname"})
    ]


@pytest.mark.parametrize(
    ("app", "route"),
    [
        (SHOP, {"backend": "web"}),
        (EXPOSED | {"path": "/cart"}, {"backend": "web"}),
        (EXPOSED, {"rules": [MATCHING]}),
        (EXPOSED, {"rules": [{"filters": [{"type": "ExtensionRef", "extensionRef": {"name": "narrow"}}]}]}),
        (EXPOSED, {"backend": "web", "listeners": ["other"]}),
        (EXPOSED, {"backend": "web", "gateway": "inner"}),
        (EXPOSED, {"backend": "web", "parentRefs": []}),
        (EXPOSED, {"backend": "web", "kind": "GRPCRoute"}),
    ],
    ids=str,
)
def test_a_route_may_share_a_host_name_with_an_app_that_gets_other_requests(
    app: dict[str, Any], route: dict[str, Any]
) -> None:
    parse({"apps": {"shop": app}, "gateways": {"inner": {}}, "routes": {"a": SHOPS_HOST | route}})


def test_a_policy_may_target_the_route_of_an_app() -> None:
    parse({"apps": {"shop": EXPOSED}, **policy({"route": "shop"})})


def test_a_policy_cannot_target_the_route_of_an_app_that_has_none() -> None:
    assert explained({"apps": {"shop": SHOP}, **policy({"route": "shop"})}) == [
        ("policies.p.targets[0].route", "route-unknown", {"suggestion": "known: api-httproute, web-httproute"})
    ]


# Keys that exclude each other


@pytest.mark.parametrize(
    ("config", "place", "other"),
    [
        ({"routes": {"a": {"backend": "web", "rules": []}}}, "routes.a.rules", "backend"),
        ({"routes": {"a": {"backend": "web", "maintenance": "later"}}}, "routes.a.maintenance", "backend"),
        (
            {"routes": {"a": {"backend": "web", "listeners": ["http"], "parentRefs": []}}},
            "routes.a.listeners",
            "parentRefs",
        ),
        (
            policy({"gateway": "app-gateway", "route": "web-httproute"}),
            "policies.p.targets[0].gateway",
            "route",
        ),
        (policy({"route": "web-httproute"}, targetRefs=[]), "policies.p.targets", "targetRefs"),
    ],
    ids=str,
)
def test_two_keys_of_which_one_would_be_ignored_are_rejected(config: dict[str, Any], place: str, other: str) -> None:
    assert explained(config) == [(place, "keys-exclusive", {"other": other})]


def test_a_route_form_is_for_the_kinds_of_routes_that_can_have_it() -> None:
    route = {"kind": "GRPCRoute", "maintenance": "later"}
    assert explained({"routes": {"a": route}}) == [("routes.a.maintenance", "key-needs-kind", {"kinds": "HTTPRoute"})]


def test_a_patch_has_one_target() -> None:
    config = policy({}, {"gateway": "app-gateway"}, kind="EnvoyPatchPolicy")
    assert problems(config) == [("policies.p.targets", "patch-one-target")]


def test_a_policy_names_its_targets_in_one_way() -> None:
    parse({"policies": {"p": {"kind": "SecurityPolicy", "targetRefs": []}}})
