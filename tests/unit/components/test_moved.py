"""An object that moves to another key of the config: Pulumi must not delete it with its old resource."""

from typing import Any

import pytest

from plans.recording import Recorded
from tests.unit import small_stack

HERE = small_stack.NAMESPACE
GATEWAY = "app-gateway"
SHOP = {"image": "registry.example.com/shop:1"}
HOSTS = {"hostnames": ["a.internal"]}
TRAFFIC = {"timeout": {"http": {"requestTimeout": "5s"}}}


def in_objects(api_version: str, kind: str, spec: dict[str, Any], **metadata: str) -> dict[str, Any]:
    metadata = {"name": "mine", "namespace": HERE, **metadata}
    return {"objects": [{"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}]}


ROUTE = in_objects("gateway.networking.k8s.io/v1", "HTTPRoute", {"parentRefs": [{"name": GATEWAY}], **HOSTS})
MOVES = {
    "HTTPRoute": (ROUTE, {"routes": {"mine": {**HOSTS, "backend": "web"}}}),
    "HTTPRoute of an app": (
        ROUTE | {"apps": {"mine": SHOP}},
        {"apps": {"mine": SHOP | {"hostname": "a.internal"}}},
    ),
    "BackendTrafficPolicy": (
        in_objects(
            "gateway.envoyproxy.io/v1alpha1",
            "BackendTrafficPolicy",
            {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY}], **TRAFFIC},
        ),
        {"policies": {"mine": {"kind": "BackendTrafficPolicy", "gateway": GATEWAY, **TRAFFIC}}},
    ),
    "Gateway": (
        in_objects(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            {"gatewayClassName": "app-gatewayclass", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        ),
        {"gateways": {"mine": {}}},
    ),
}


@pytest.mark.parametrize("is_back", [False, True], ids=["to its key", "back"])
@pytest.mark.parametrize("name", MOVES)
def test_an_object_that_moves_between_objects_and_a_key_of_its_own_stays(name: str, *, is_back: bool) -> None:
    earlier, later = (declared(name.partition(" ")[0], config) for config in MOVES[name])
    if is_back:
        earlier, later = later, earlier
    assert earlier.urn != later.urn
    assert earlier.urn in later.aliases


def test_an_object_whose_default_namespace_is_written_stays() -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap"}
    written = {"objects": [config_map | {"metadata": {"name": "mine", "namespace": "default"}}]}
    left_out = {"objects": [config_map | {"metadata": {"name": "mine"}}]}
    one, other = declared("ConfigMap", written), declared("ConfigMap", left_out)
    assert one.urn != other.urn
    assert one.urn in other.aliases
    assert other.urn in one.aliases


def test_an_object_of_another_namespace_is_another_object() -> None:
    elsewhere = in_objects(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        {"parentRefs": [{"name": GATEWAY, "namespace": HERE}]},
        namespace="other",
    )
    assert declared("HTTPRoute", elsewhere).aliases.isdisjoint({declared("HTTPRoute", MOVES["HTTPRoute"][1]).urn})


def declared(kind: str, config: dict[str, Any]) -> Recorded:
    (found,) = [
        resource
        for resource in small_stack.build(**config).of_kind(kind)
        if resource.inputs["metadata"]["name"] == "mine"
    ]
    return found
