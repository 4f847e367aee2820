"""The wire form of what the Gateway API and Envoy Gateway are asked for."""

from typing import Any, Literal

import pytest

from components import gateway_api
from components.gateway_api import Wire
from tests.unit.readiness import is_ready

Exposure = Literal["LoadBalancer", "NodePort", "ClusterIP"]


def envoy_service(exposure: Exposure, node_port: int | None = None) -> Wire:
    proxy = gateway_api.envoy_proxy(
        name="class", namespace="eg", image="envoy:1", exposure=exposure, port=8080, node_port=node_port
    )
    return proxy["spec"]["provider"]["kubernetes"]["envoyService"]


def http_route() -> Wire:
    return gateway_api.http_route(
        name="route",
        namespace="chat",
        hostname="chat.example",
        gateway_name="gateway",
        listener="http",
        service="web-service",
        service_port=8000,
    )


def with_conditions(wire: Wire, observed: int = 2, **conditions: str) -> Wire:
    """The object in its second generation, with what its controller said of it."""
    status = [{"type": kind, "status": verdict, "observedGeneration": observed} for kind, verdict in conditions.items()]
    metadata = wire["metadata"] | {"generation": 2}
    return wire | {"metadata": metadata, "status": {"conditions": status}}


def test_a_load_balancer_keeps_the_address_of_the_client() -> None:
    assert envoy_service("LoadBalancer") == {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}


def test_a_node_port_leads_to_the_listener_from_every_node() -> None:
    service = envoy_service("NodePort", 30080)
    (port,) = service["patch"]["value"]["spec"]["ports"]
    assert (service["type"], service["externalTrafficPolicy"]) == ("NodePort", "Cluster")
    # The API server merges the ports of a Service by port and protocol: without either it would add one more.
    assert port == {"port": 8080, "protocol": "TCP", "nodePort": 30080}


def test_inside_the_cluster_a_service_has_no_policy_for_traffic_from_outside() -> None:
    assert envoy_service("ClusterIP") == {"type": "ClusterIP"}


def test_without_an_image_the_release_chooses_the_envoy() -> None:
    proxy = gateway_api.envoy_proxy(
        name="class", namespace="eg", image=None, exposure="LoadBalancer", port=80, node_port=None
    )
    assert "image" not in proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]


def test_a_class_is_envoy_gateways_and_names_its_proxy() -> None:
    wire = gateway_api.gateway_class(name="class", proxy_name="proxy", proxy_namespace="eg")
    assert wire["spec"] == {
        "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
        "parametersRef": {
            "group": "gateway.envoyproxy.io",
            "kind": "EnvoyProxy",
            "name": "proxy",
            "namespace": "eg",
        },
    }
    assert "namespace" not in wire["metadata"]
    assert is_ready(with_conditions(wire, Accepted="True"))
    assert not is_ready(with_conditions(wire, Accepted="False"))
    assert not is_ready(with_conditions(wire, observed=1, Accepted="True"))


def test_a_gateway_serves_routes_of_its_own_namespace_only() -> None:
    wire = gateway_api.gateway(name="gateway", namespace="chat", class_name="class", listener="http", port=8080)
    assert wire["spec"] == {
        "gatewayClassName": "class",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 8080, "allowedRoutes": {"namespaces": {"from": "Same"}}}
        ],
    }
    assert is_ready(with_conditions(wire, Accepted="True", Programmed="True"))
    assert not is_ready(with_conditions(wire, Accepted="True", Programmed="False"))
    assert not is_ready(with_conditions(wire, observed=1, Accepted="True", Programmed="True"))


def test_a_route_sends_every_path_of_its_host_name_to_its_backend() -> None:
    assert http_route()["spec"] == {
        "parentRefs": [{"name": "gateway", "sectionName": "http"}],
        "hostnames": ["chat.example"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "web-service", "port": 8000}],
            }
        ],
    }


def route_with(**changes: Any) -> Wire:
    """A route that its Gateway serves, but for `changes`, in the form in which the API server gives it."""
    verdict: Wire = {
        "generation": 2,
        "observed": 2,
        "gateway": "gateway",
        "controller": gateway_api.CONTROLLER,
        "Accepted": "True",
        "ResolvedRefs": "True",
    } | changes
    conditions = [
        {"type": kind, "status": verdict[kind], "observedGeneration": verdict["observed"], "reason": "Reason"}
        for kind in ("ResolvedRefs", "Accepted")
    ]
    parent = {"parentRef": {"name": verdict["gateway"]}, "controllerName": verdict["controller"]}
    other = {"parentRef": {"name": "other"}, "controllerName": gateway_api.CONTROLLER, "conditions": []}
    wire = http_route()
    wire["metadata"]["generation"] = verdict["generation"]
    return wire | {"status": {"parents": [other, parent | {"conditions": conditions}]}}


def test_a_route_is_ready_when_its_gateway_has_accepted_it_and_found_its_backend() -> None:
    assert is_ready(route_with())


@pytest.mark.parametrize(
    "changes",
    [
        {"Accepted": "False"},
        {"ResolvedRefs": "False"},
        {"observed": 1},
        {"gateway": "another"},
        {"controller": "example.com/another"},
    ],
    ids=str,
)
def test_a_route_is_not_ready_on_any_other_verdict(changes: Wire) -> None:
    assert not is_ready(route_with(**changes))


def test_a_route_without_a_status_is_not_ready() -> None:
    assert not is_ready(http_route())
