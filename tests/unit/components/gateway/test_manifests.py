"""The wire form of what the Gateway API and Envoy Gateway are asked for."""

from typing import Any, Literal

import pytest

from components.gateway import manifests
from components.gateway.manifests import Wire
from tests.unit.readiness import is_ready

Exposure = Literal["LoadBalancer", "NodePort", "ClusterIP"]


def kubernetes(
    exposure: Exposure = "LoadBalancer", *node_ports: Wire, image: str | None = "envoy:1", **fields: Any
) -> Wire:
    proxy = manifests.envoy_proxy(
        name="class",
        namespace="eg",
        image=image,
        exposure=exposure,
        node_ports=node_ports,
        fields={"provider": {"kubernetes": fields}},
    )
    return proxy["spec"]["provider"]["kubernetes"]


def envoy_service(exposure: Exposure, *node_ports: Wire) -> Wire:
    return kubernetes(exposure, *node_ports)["envoyService"]


def http_route(*listeners: str) -> Wire:
    wire = manifests.route(
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        name="route",
        namespace="chat",
        gateway_name="gateway",
        listeners=listeners or ["http"],
        fields={"hostnames": ["chat.example"]},
    )
    return manifests.awaited(wire)


def with_conditions(wire: Wire, observed: int = 2, **conditions: str) -> Wire:
    """The object in its second generation, with what its controller said of it."""
    status = [{"type": kind, "status": verdict, "observedGeneration": observed} for kind, verdict in conditions.items()]
    metadata = wire["metadata"] | {"generation": 2}
    return wire | {"metadata": metadata, "status": {"conditions": status}}


def test_a_load_balancer_keeps_the_address_of_the_client() -> None:
    assert envoy_service("LoadBalancer") == {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}


def test_a_node_port_leads_to_each_listener_from_every_node() -> None:
    first = manifests.node_port(port=8080, protocol="HTTP", node_port=30080)
    second = manifests.node_port(port=9002, protocol="UDP", node_port=30002)
    service = envoy_service("NodePort", first, second)
    assert (service["type"], service["externalTrafficPolicy"]) == ("NodePort", "Cluster")
    # The API server merges the ports of a Service by port and protocol: without either it would add one more.
    assert service["patch"]["value"]["spec"]["ports"] == [
        {"port": 8080, "protocol": "TCP", "nodePort": 30080},
        {"port": 9002, "protocol": "UDP", "nodePort": 30002},
    ]


def test_inside_the_cluster_a_service_has_no_policy_for_traffic_from_outside() -> None:
    assert envoy_service("ClusterIP") == {"type": "ClusterIP"}


def test_without_an_image_the_release_chooses_the_envoy() -> None:
    assert "image" not in kubernetes(image=None)["envoyDeployment"]["container"]


def test_a_daemon_set_takes_the_place_of_the_deployment_with_the_same_container() -> None:
    chosen = kubernetes(envoyDaemonSet={})
    assert "envoyDeployment" not in chosen
    assert chosen["envoyDaemonSet"]["container"] == kubernetes()["envoyDeployment"]["container"]


def test_fields_of_the_config_are_laid_over_the_programs_own() -> None:
    deployment = kubernetes(envoyDeployment={"replicas": 2})["envoyDeployment"]
    assert (deployment["replicas"], deployment["container"]["image"]) == (2, "envoy:1")


def gateway_class() -> Wire:
    return manifests.awaited(manifests.gateway_class(name="class", proxy_name="proxy", proxy_namespace="eg"))


def gateway() -> Wire:
    listener = manifests.listener(name="http", protocol="HTTP", port=8080, fields={})
    wire = manifests.gateway(
        name="gateway", namespace="chat", class_name="class", listeners=[listener], annotations={}, fields={}
    )
    return manifests.awaited(wire)


def test_a_class_is_envoy_gateways_and_names_its_proxy() -> None:
    wire = gateway_class()
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
    wire = gateway()
    assert wire["spec"] == {
        "gatewayClassName": "class",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 8080, "allowedRoutes": {"namespaces": {"from": "Same"}}}
        ],
    }


def gateway_with(observed: int = 2, listener: str = "True", **conditions: str) -> Wire:
    """A Gateway in its second generation whose listener is Programmed, or not."""
    wire = with_conditions(gateway(), observed, **conditions)
    said = [
        {"type": kind, "status": verdict, "observedGeneration": observed}
        for kind, verdict in {"ResolvedRefs": "True", "Programmed": listener}.items()
    ]
    wire["status"]["listeners"] = [{"name": "http", "conditions": said}]
    return wire


def test_a_gateway_is_ready_when_it_and_its_listeners_are_programmed() -> None:
    assert is_ready(gateway_with(Accepted="True", Programmed="True"))
    assert not is_ready(gateway_with(Accepted="True", Programmed="False"))
    assert not is_ready(gateway_with(Accepted="True", Programmed="True", observed=1))
    assert not is_ready(gateway_with(Accepted="True", Programmed="True", listener="False"))


@pytest.mark.parametrize("listeners", [None, "http", [1], [{}], {"name": "http"}])
def test_what_has_yet_to_be_refused_gets_as_far_as_to_be_refused(listeners: Any) -> None:
    wire = gateway() | {"spec": {"listeners": listeners}}
    assert manifests.awaited(wire)["spec"] == {"listeners": listeners}
    assert manifests.awaited(wire | {"spec": "nothing"})["spec"] == "nothing"


def test_a_route_is_for_listeners_of_its_gateway() -> None:
    assert http_route("http", "https")["spec"] == {
        "parentRefs": [{"name": "gateway", "sectionName": "http"}, {"name": "gateway", "sectionName": "https"}],
        "hostnames": ["chat.example"],
    }


def route_with(**changes: Any) -> Wire:
    """A route that both listeners serve, but for `changes` of the second, as the API server gives it."""
    accepted: Wire = {
        "generation": 2,
        "observed": 2,
        "gateway": "gateway",
        "controller": manifests.CONTROLLER,
        "Accepted": "True",
        "ResolvedRefs": "True",
    }
    wire = http_route("http", "https")
    wire["metadata"]["generation"] = 2
    verdicts = {"http": accepted, "https": accepted | changes}
    return wire | {"status": {"parents": [_verdict(listener, verdict) for listener, verdict in verdicts.items()]}}


def _verdict(listener: str, verdict: Wire) -> Wire:
    conditions = [
        {"type": kind, "status": verdict[kind], "observedGeneration": verdict["observed"], "reason": "Reason"}
        for kind in ("ResolvedRefs", "Accepted", "PartiallyInvalid")
        if kind in verdict
    ]
    reference = {"name": verdict["gateway"], "sectionName": listener}
    return {"parentRef": reference, "controllerName": verdict["controller"], "conditions": conditions}


def test_a_route_is_ready_when_each_listener_has_accepted_it_and_found_its_backend() -> None:
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


def test_a_route_of_which_rules_are_dropped_is_not_ready_until_they_are_mended() -> None:
    assert not is_ready(route_with(PartiallyInvalid="True"))
    assert is_ready(route_with(PartiallyInvalid="False"))
    dropped = route_with(PartiallyInvalid="True")
    stale = dropped["status"]["parents"][1]["conditions"][-1]
    assert not is_ready(dropped)
    stale["observedGeneration"] = 1
    assert is_ready(dropped)


def test_a_route_without_a_status_is_not_ready() -> None:
    assert not is_ready(http_route())


def policy_with(*verdicts: Wire, kind: str = "SecurityPolicy") -> Wire:
    """A policy in its second generation; one of `verdicts` an ancestor, which says True unless it says otherwise."""
    wire = manifests.policy(
        api_version="gateway.envoyproxy.io/v1alpha1",
        kind=kind,
        name="policy",
        namespace="chat",
        targets=[manifests.target("gateway.networking.k8s.io/v1", "HTTPRoute", "route")],
        fields={},
    )
    awaited = manifests.awaited(wire)
    awaited["metadata"]["generation"] = 2
    return awaited | {"status": {"ancestors": [_of_ancestor(verdict) for verdict in verdicts]}}


def _of_ancestor(verdict: Wire) -> Wire:
    said: Wire = {"Accepted": "True", "observed": 2, "controller": manifests.CONTROLLER} | verdict
    observed, controller = said.pop("observed"), said.pop("controller")
    conditions = [{"type": name, "status": status, "observedGeneration": observed} for name, status in said.items()]
    return {"controllerName": controller, "conditions": conditions}


def test_a_policy_is_ready_when_every_ancestor_has_accepted_it() -> None:
    assert is_ready(policy_with({}))
    assert is_ready(policy_with({"Overridden": "True"}, {}))


def test_a_policy_of_which_another_controller_says_something_is_no_less_ready() -> None:
    assert is_ready(policy_with({"controller": "example.com/another", "Accepted": "False"}, {}))


@pytest.mark.parametrize(
    "verdicts",
    [
        (),
        ({"Accepted": "False"},),
        ({}, {"Accepted": "False"}),
        ({}, {"observed": 1}),
        ({"controller": "example.com/another"},),
    ],
    ids=str,
)
def test_a_policy_is_not_ready_on_any_other_verdict(verdicts: tuple[Wire, ...]) -> None:
    assert not is_ready(policy_with(*verdicts))


def test_a_patch_is_ready_when_it_has_found_what_it_is_for() -> None:
    assert is_ready(policy_with({"Programmed": "True"}, kind="EnvoyPatchPolicy"))
    assert not is_ready(policy_with({"Programmed": "False"}, kind="EnvoyPatchPolicy"))
    assert not is_ready(policy_with({}, kind="EnvoyPatchPolicy"))


def test_an_object_of_which_envoy_gateway_says_nothing_is_not_waited_for() -> None:
    wire = manifests.direct_response(name="page", namespace="chat", status=503, text="later")
    assert manifests.awaited(wire) == wire
