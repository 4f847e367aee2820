"""Routes: from the listeners of a Gateway to workloads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from components import create_routes
from plans.recording import Recorded, Recording
from tests.unit import small_stack
from tests.unit.recording import record

SERVICE = {"namespace": small_stack.NAMESPACE, "port": 80}


def rules(recording: Recording) -> Any:
    return recording["route-a-route"].inputs["spec"]["rules"]


def parents(recording: Recording, route: str = "route-a-route") -> list[str]:
    """Names of the listeners that a route attaches to."""
    return [parent["sectionName"] for parent in recording[route].inputs["spec"]["parentRefs"]]


# Backends


def test_a_backend_gets_all_requests(preview: bool) -> None:
    recording = small_stack.build(preview=preview, routes={"a": {"hostnames": ["a.internal"], "backend": "web"}})
    assert rules(recording) == [{"backendRefs": [{"name": "web-service", **SERVICE}]}]
    assert recording.waits_for("route-a-route", "synergychat-web-service")
    assert recording.waits_for("route-a-route", "gateway-gateway")


@pytest.mark.parametrize(("percent", "weights"), [(0, [100, 0]), (1, [99, 1]), (30, [70, 30]), (100, [0, 100])])
def test_the_weights_of_a_canary_are_its_percent_and_the_rest(percent: int, weights: list[int]) -> None:
    route = {"hostnames": ["a.internal"], "canary": {"stable": "web", "next": "api", "percent": percent}}
    (rule,) = rules(small_stack.build(routes={"a": route}))
    assert [ref["name"] for ref in rule["backendRefs"]] == ["web-service", "api-service"]
    assert [ref["weight"] for ref in rule["backendRefs"]] == weights


def test_a_canary_of_one_workload_keeps_all_of_its_requests() -> None:
    route = {"canary": {"stable": "web", "next": "web", "percent": 0}}
    (rule,) = rules(small_stack.build(routes={"a": route}))
    assert [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] == [("web-service", 100), ("web-service", 0)]


def test_a_maintenance_page_exists_before_its_route() -> None:
    recording = small_stack.build(routes={"a": {"hostnames": ["a.internal"], "maintenance": "later"}})
    page = recording["maintenance-a"].inputs
    assert page["spec"]["directResponse"]["statusCode"] == 503
    assert page["spec"]["directResponse"]["body"] == {"type": "Inline", "inline": "later"}
    (rule,) = rules(recording)
    assert rule["filters"][0]["extensionRef"]["name"] == page["metadata"]["name"]
    assert page["metadata"]["namespace"] == recording["route-a-route"].inputs["metadata"]["namespace"]
    assert recording.waits_for("route-a-route", "maintenance-a")


def test_the_name_of_a_workload_becomes_its_service_and_the_fields_beside_it_stay() -> None:
    given = [
        {
            "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"workload": "api"}}}],
            "backendRefs": [{"workload": "web", "weight": 9}, {"name": "mine", "port": 8080}],
        }
    ]
    recording = small_stack.build(routes={"a": {"rules": given}})
    (rule,) = rules(recording)
    assert rule["filters"][0]["requestMirror"]["backendRef"] == {"name": "api-service", **SERVICE}
    assert rule["backendRefs"] == [{"name": "web-service", **SERVICE, "weight": 9}, {"name": "mine", "port": 8080}]
    assert recording.waits_for("route-a-route", "synergychat-web-service")
    assert recording.waits_for("route-a-route", "synergychat-api-service")


def test_workloads_in_the_gateways_namespace_need_no_grant() -> None:
    assert small_stack.build(routes={"a": {"backend": "web"}}).of_kind("ReferenceGrant") == []


def test_a_workload_in_another_namespace_permits_the_reference_before_the_route() -> None:
    stack = small_stack.stack(routes={"a": {"kind": "TCPRoute", "listeners": ["tcp"], "backend": "web"}})

    def create_one(routes: Sequence[Any], gateways: Any, backends: dict[str, Any], *others: Any) -> Any:
        (route,) = [route for route in routes if route.key == "a"]
        elsewhere = {name: replace(backend, namespace="elsewhere") for name, backend in backends.items()}
        return create_routes([route], gateways, elsewhere, *others)

    with mock.patch("components.create_routes", create_one):
        recording = record(lambda: small_stack.declare(stack))
    (grant,) = recording.of_kind("ReferenceGrant")
    assert grant.inputs["metadata"]["namespace"] == "elsewhere"
    assert grant.inputs["spec"] == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "TCPRoute", "namespace": small_stack.NAMESPACE}],
        "to": [{"group": "", "kind": "Service", "name": "web-service"}],
    }
    assert recording.waits_for("route-a-route", grant.name)


def test_a_route_comes_after_the_secrets_and_objects_of_the_stack() -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "m", "namespace": small_stack.NAMESPACE},
    }
    recording = small_stack.build(secrets={"s": {"a": "b"}}, objects=[config_map], routes={"a": {"backend": "web"}})
    assert recording.waits_for("route-a-route", "secret-s")
    assert recording.waits_for("route-a-route", f"object/configmap/{small_stack.NAMESPACE}/m")


# Listeners

LISTENERS: list[dict[str, Any]] = [
    {"name": "https", "protocol": "HTTPS", "port": 443, "selfSigned": True},
    {"name": "shop", "protocol": "HTTPS", "port": 443, "hostname": "shop.internal", "selfSigned": True},
    {"name": "wide", "protocol": "HTTPS", "port": 8443, "hostname": "*.shop.internal", "selfSigned": True},
    {"name": "tcp", "protocol": "TCP", "port": 9000},
    {"name": "other", "protocol": "HTTP", "port": 81, "allowedRoutes": {"namespaces": {"from": "Selector"}}},
]


@pytest.mark.parametrize(
    ("route", "listeners"),
    [
        ({"backend": "web"}, ["https", "shop", "wide", "http"]),
        ({"hostnames": ["a.internal"], "backend": "web"}, ["https", "http"]),
        ({"hostnames": ["shop.internal"], "backend": "web"}, ["shop", "http"]),
        ({"hostnames": ["a.shop.internal"], "backend": "web"}, ["https", "wide", "http"]),
        ({"hostnames": ["*.internal"], "backend": "web"}, ["https", "shop", "wide", "http"]),
        ({"hostnames": ["a.internal"], "listeners": ["shop"], "backend": "web"}, ["shop"]),
        ({"kind": "TCPRoute", "backend": "web"}, ["tcp"]),
    ],
    ids=str,
)
def test_a_route_attaches_to_all_listeners_that_can_serve_it_unless_it_names_some(
    route: dict[str, Any], listeners: list[str]
) -> None:
    assert parents(small_stack.build(gateway={"listeners": LISTENERS}, routes={"a": route})) == listeners


@pytest.mark.parametrize("hostnames", [5, "a.internal", [5], None], ids=str)
def test_invalid_host_names_are_left_to_the_checks(hostnames: Any) -> None:
    recording = small_stack.build(routes={"a": {"hostnames": hostnames, "backend": "web"}})
    assert recording.exit_code is None
    assert "route-a-route" in {resource.name for resource in recording}


def test_a_listener_that_only_redirects_serves_no_other_route() -> None:
    recording = small_stack.build(
        gateway={"listeners": LISTENERS[:1], "redirectToHttps": True}, routes={"a": {"backend": "web"}}
    )
    assert parents(recording) == ["https"]
    assert parents(recording, "gateway-redirect") == ["http"]


def test_a_route_that_no_listener_can_serve_refers_to_the_gateway_as_a_whole() -> None:
    recording = small_stack.build(routes={"a": {"kind": "TCPRoute", "backend": "web"}})
    assert recording["route-a-route"].inputs["spec"]["parentRefs"] == [{"name": "app-gateway"}]


def test_a_tls_listener_without_termination_serves_no_tcp_route() -> None:
    listener = {"name": "sealed", "protocol": "TLS", "port": 8443, "tls": {"mode": "Passthrough"}}
    recording = small_stack.build(
        gateway={"listeners": [listener, LISTENERS[3]]}, routes={"a": {"kind": "TCPRoute", "backend": "web"}}
    )
    assert parents(recording) == ["tcp"]


def test_a_route_attaches_to_the_gateway_that_it_names_and_comes_after_it() -> None:
    recording = small_stack.build(
        gateways={"inner": {"https": {"selfSigned": True}, "redirectToHttps": True}},
        routes={"a": {"gateway": "inner", "hostnames": ["a.b"], "backend": "web"}},
    )
    (parent,) = recording["route-a-route"].inputs["spec"]["parentRefs"]
    assert parent == {"name": "inner", "sectionName": "https"}
    (redirecting,) = recording["gateway-inner-redirect"].inputs["spec"]["parentRefs"]
    assert redirecting == {"name": "inner", "sectionName": "http"}
    assert recording.waits_for("route-a-route", "gateway-inner-gateway")


def test_a_route_may_have_parents_of_its_own() -> None:
    route = {"kind": "TCPRoute", "parentRefs": [{"name": "inner"}], "backend": "web"}
    recording = small_stack.build(routes={"a": route})
    assert recording["route-a-route"].inputs["spec"]["parentRefs"] == [{"name": "inner"}]


# A route that moves between `apps` and `routes`: Pulumi must not delete its object with an old resource


SHOP = {"image": "registry.example.com/shop:1"}


@pytest.mark.parametrize("is_of_app_before", [True, False])
def test_a_route_that_moves_to_or_from_the_host_name_of_an_app_stays_one_resource(*, is_of_app_before: bool) -> None:
    of_app = small_stack.build(apps={"shop": SHOP | {"hostname": "shop.internal"}})
    routes = {"shop": {"hostnames": ["shop.internal"], "backend": "shop"}}
    of_routes = small_stack.build(apps={"shop": SHOP}, routes=routes)
    (earlier, later) = (route_of_shop(of_app), route_of_shop(of_routes))
    if not is_of_app_before:
        earlier, later = later, earlier
    assert earlier.urn != later.urn
    assert earlier.urn in later.aliases


def route_of_shop(recording: Recording) -> Recorded:
    """The component whose child is the object."""
    (route,) = [route for route in recording.of_kind("HTTPRoute") if route.inputs["metadata"]["name"] == "shop"]
    return recording.resources[route.parent]
