"""Manifests of Gateway API and Envoy Gateway objects, and the conditions that the provider waits for."""

from typing import Any, Literal

import pytest

from components.gateway import manifests
from gatewayapi.kinds import CONTROLLER
from kube.manifest import Manifest
from tests.unit.readiness import is_ready

Exposure = Literal["LoadBalancer", "NodePort", "ClusterIP"]


def kubernetes(
    exposure: Exposure = "LoadBalancer", *node_ports: Manifest, image: str | None = "envoy:1", **fields: Any
) -> Manifest:
    proxy = manifests.envoy_proxy(
        name="class",
        namespace="eg",
        image=image,
        exposure=exposure,
        node_ports=node_ports,
        fields={"provider": {"kubernetes": fields}},
    )
    return proxy["spec"]["provider"]["kubernetes"]


def envoy_service(exposure: Exposure, *node_ports: Manifest) -> Manifest:
    return kubernetes(exposure, *node_ports)["envoyService"]


def http_route(*listeners: str) -> Manifest:
    return manifests.with_readiness(
        manifests.route(
            api_version="gateway.networking.k8s.io/v1",
            kind="HTTPRoute",
            name="route",
            namespace="chat",
            parents=manifests.parent_refs("gateway", listeners or ["http"]),
            fields={"hostnames": ["chat.example"]},
        )
    )


def with_conditions(manifest: Manifest, observed: int = 2, **conditions: str) -> Manifest:
    """The object in its second generation, with these conditions."""
    written = [{"type": kind, "status": status, "observedGeneration": observed} for kind, status in conditions.items()]
    metadata = manifest["metadata"] | {"generation": 2}
    return manifest | {"metadata": metadata, "status": {"conditions": written}}


def test_a_load_balancer_keeps_the_clients_address() -> None:
    assert envoy_service("LoadBalancer") == {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}


def test_a_node_port_leads_to_each_listener_from_every_node() -> None:
    first = manifests.node_port(port=8080, protocol="HTTP", node_port=30080)
    second = manifests.node_port(port=9002, protocol="UDP", node_port=30002)
    service = envoy_service("NodePort", first, second)
    assert (service["type"], service["externalTrafficPolicy"]) == ("NodePort", "Cluster")
    # The API server merges ports by number and protocol: without one of them it would add an entry.
    assert service["patch"]["value"]["spec"]["ports"] == [
        {"port": 8080, "protocol": "TCP", "nodePort": 30080},
        {"port": 9002, "protocol": "UDP", "nodePort": 30002},
    ]


def test_a_service_inside_the_cluster_has_no_policy_for_external_traffic() -> None:
    assert envoy_service("ClusterIP") == {"type": "ClusterIP"}


def test_without_an_image_envoy_gateway_chooses_the_envoy() -> None:
    assert "image" not in kubernetes(image=None)["envoyDeployment"]["container"]


def test_a_daemon_set_replaces_the_deployment_and_has_the_same_container() -> None:
    chosen = kubernetes(envoyDaemonSet={})
    assert "envoyDeployment" not in chosen
    assert chosen["envoyDaemonSet"]["container"] == kubernetes()["envoyDeployment"]["container"]


def test_fields_of_the_config_win_over_the_programs() -> None:
    deployment = kubernetes(envoyDeployment={"replicas": 2})["envoyDeployment"]
    assert (deployment["replicas"], deployment["container"]["image"]) == (2, "envoy:1")


def gateway_class() -> Manifest:
    return manifests.with_readiness(manifests.gateway_class(name="class", proxy_name="proxy", proxy_namespace="eg"))


def gateway() -> Manifest:
    listener = {"name": "http", "protocol": "HTTP", "port": 8080}
    spec = {"gatewayClassName": "class", "listeners": [listener]}
    return manifests.with_readiness(
        manifests.gateway(name="gateway", namespace="chat", annotations={"a": "b"}, spec=spec)
    )


def test_a_class_names_envoy_gateways_controller_and_its_envoy_proxy() -> None:
    manifest = gateway_class()
    assert manifest["spec"] == {
        "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
        "parametersRef": {
            "group": "gateway.envoyproxy.io",
            "kind": "EnvoyProxy",
            "name": "proxy",
            "namespace": "eg",
        },
    }
    assert "namespace" not in manifest["metadata"]
    assert is_ready(with_conditions(manifest, Accepted="True"))
    assert not is_ready(with_conditions(manifest, Accepted="False"))
    assert not is_ready(with_conditions(manifest, observed=1, Accepted="True"))


def test_a_gateway_has_the_given_spec_and_annotations() -> None:
    manifest = gateway()
    assert manifest["spec"] == {
        "gatewayClassName": "class",
        "listeners": [{"name": "http", "protocol": "HTTP", "port": 8080}],
    }
    assert manifest["metadata"]["annotations"].items() >= {"a": "b"}.items()


def gateway_with(observed: int = 2, listener: str = "True", **conditions: str) -> Manifest:
    """A Gateway in its second generation; `listener` is the condition Programmed of its listener."""
    manifest = with_conditions(gateway(), observed, **conditions)
    written = [
        {"type": kind, "status": status, "observedGeneration": observed}
        for kind, status in {"ResolvedRefs": "True", "Programmed": listener}.items()
    ]
    manifest["status"]["listeners"] = [{"name": "http", "conditions": written}]
    return manifest


def test_a_gateway_is_ready_when_it_and_its_listeners_are_programmed() -> None:
    assert is_ready(gateway_with(Accepted="True", Programmed="True"))
    assert not is_ready(gateway_with(Accepted="True", Programmed="False"))
    assert not is_ready(gateway_with(Accepted="True", Programmed="True", observed=1))
    assert not is_ready(gateway_with(Accepted="True", Programmed="True", listener="False"))


@pytest.mark.parametrize("listeners", [None, "http", [1], [{}], {"name": "http"}])
def test_an_invalid_spec_is_left_to_the_checks(listeners: Any) -> None:
    manifest = gateway() | {"spec": {"listeners": listeners}}
    assert manifests.with_readiness(manifest)["spec"] == {"listeners": listeners}
    assert manifests.with_readiness(manifest | {"spec": "nothing"})["spec"] == "nothing"


def test_a_route_refers_to_listeners_of_its_gateway() -> None:
    assert http_route("http", "https")["spec"] == {
        "parentRefs": [{"name": "gateway", "sectionName": "http"}, {"name": "gateway", "sectionName": "https"}],
        "hostnames": ["chat.example"],
    }


def route_with(**changes: Any) -> Manifest:
    """A route in its second generation that both listeners accept, with `changes` for the second one."""
    accepted: Manifest = {
        "generation": 2,
        "observed": 2,
        "gateway": "gateway",
        "controller": CONTROLLER,
        "Accepted": "True",
        "ResolvedRefs": "True",
    }
    manifest = http_route("http", "https")
    manifest["metadata"]["generation"] = 2
    statuses = {"http": accepted, "https": accepted | changes}
    return manifest | {"status": {"parents": [_parent(listener, status) for listener, status in statuses.items()]}}


def _parent(listener: str, status: Manifest) -> Manifest:
    conditions = [
        {"type": kind, "status": status[kind], "observedGeneration": status["observed"], "reason": "Reason"}
        for kind in ("ResolvedRefs", "Accepted", "PartiallyInvalid")
        if kind in status
    ]
    reference = {"name": status["gateway"], "sectionName": listener}
    return {"parentRef": reference, "controllerName": status["controller"], "conditions": conditions}


def test_a_route_is_ready_when_every_listener_has_accepted_it_and_resolved_its_backends() -> None:
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
def test_a_route_is_not_ready_in_any_other_state(changes: Manifest) -> None:
    assert not is_ready(route_with(**changes))


def test_a_route_with_dropped_rules_is_not_ready() -> None:
    assert not is_ready(route_with(PartiallyInvalid="True"))
    assert is_ready(route_with(PartiallyInvalid="False"))
    dropped = route_with(PartiallyInvalid="True")
    stale = dropped["status"]["parents"][1]["conditions"][-1]
    assert not is_ready(dropped)
    stale["observedGeneration"] = 1
    assert is_ready(dropped)


def test_a_route_without_a_status_is_not_ready() -> None:
    assert not is_ready(http_route())


def policy_with(*ancestors: Manifest, kind: str = "SecurityPolicy") -> Manifest:
    """A policy in its second generation. Every ancestor accepts it, with the changes that each argument has."""
    manifest = manifests.with_readiness(
        manifests.policy(
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind=kind,
            name="policy",
            namespace="chat",
            targets=[manifests.target("gateway.networking.k8s.io/v1", "HTTPRoute", "route")],
            fields={},
        )
    )
    manifest["metadata"]["generation"] = 2
    return manifest | {"status": {"ancestors": [_ancestor(changes) for changes in ancestors]}}


def _ancestor(changes: Manifest) -> Manifest:
    status: Manifest = {"Accepted": "True", "observed": 2, "controller": CONTROLLER} | changes
    observed, controller = status.pop("observed"), status.pop("controller")
    conditions = [{"type": name, "status": value, "observedGeneration": observed} for name, value in status.items()]
    return {"controllerName": controller, "conditions": conditions}


def test_a_policy_is_ready_when_every_ancestor_has_accepted_it() -> None:
    assert is_ready(policy_with({}))
    assert is_ready(policy_with({"Overridden": "True"}, {}))


def test_the_status_by_another_controller_makes_no_difference() -> None:
    assert is_ready(policy_with({"controller": "example.com/another", "Accepted": "False"}, {}))


@pytest.mark.parametrize(
    "ancestors",
    [
        (),
        ({"Accepted": "False"},),
        ({}, {"Accepted": "False"}),
        ({}, {"observed": 1}),
        ({"controller": "example.com/another"},),
    ],
    ids=str,
)
def test_a_policy_is_not_ready_in_any_other_state(ancestors: tuple[Manifest, ...]) -> None:
    assert not is_ready(policy_with(*ancestors))


def test_a_patch_is_ready_when_it_is_programmed() -> None:
    assert is_ready(policy_with({"Programmed": "True"}, kind="EnvoyPatchPolicy"))
    assert not is_ready(policy_with({"Programmed": "False"}, kind="EnvoyPatchPolicy"))
    assert not is_ready(policy_with({}, kind="EnvoyPatchPolicy"))


def test_an_object_without_a_status_is_ready_at_once() -> None:
    page: Manifest = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "HTTPRouteFilter",
        "metadata": {"name": "page", "annotations": {}},
        "spec": {"directResponse": {"statusCode": 503}},
    }
    assert manifests.with_readiness(page) == page
