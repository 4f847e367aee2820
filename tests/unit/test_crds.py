"""What we ask of Envoy Gateway and the Gateway API, held against the schemas of the pinned release.

The API server drops unknown fields without a word unless it is asked not to, so that a misspelt setting would only be
missed. The rules in CEL (`x-kubernetes-validations`) are the API server's alone: the live tests meet them.
"""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
import yaml

from components import HttpRoute, HttpRouteArgs, gateway_api
from config import ApiConfig, GatewayConfig, WebConfig
from tests.unit import parts
from tests.unit.recording import record

Schema = dict[str, Any]
EXPOSURES: dict[str, dict[str, Any]] = {
    "LoadBalancer": {},
    "NodePort": {"exposure": "NodePort", "nodePort": 30080},
    "ClusterIP": {"exposure": "ClusterIP", "port": 8080},
}
KINDS = {"EnvoyProxy", "Gateway", "GatewayClass", "HTTPRoute"}


@pytest.fixture(scope="module")
def schemas(pinned_manifest: Path) -> dict[tuple[str, str], Schema]:
    """The schema of every kind that the release brings and serves, by its apiVersion and kind."""
    found: dict[tuple[str, str], Schema] = {}
    for document in yaml.load_all(pinned_manifest.read_bytes(), Loader=yaml.CSafeLoader):
        if document and document["kind"] == "CustomResourceDefinition":
            spec = document["spec"]
            for version in spec["versions"]:
                if version["served"]:
                    schema = closed(version["schema"]["openAPIV3Schema"])
                    found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return found


def closed(schema: Schema) -> Schema:
    """A structural schema as JSON Schema, in which a field that is not declared is an error.

    Only properties, items and additionalProperties declare fields; what stands in allOf, anyOf, oneOf and not merely
    restrains them, and must stay open. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
    """
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: closed(field) for name, field in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            result["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = closed(schema[key])
    if schema.get("nullable") and "type" in schema:
        result["type"] = [schema["type"], "null"]
    return result


def errors(wire: Mapping[str, Any], schemas: Mapping[tuple[str, str], Schema]) -> list[str]:
    kind = wire["apiVersion"], wire["kind"]
    if kind not in schemas:
        return [f"{kind} is not served"]
    found = cast(Iterator[Any], jsonschema_rs.Draft7Validator(schemas[kind]).iter_errors(dict(wire)))
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in found]


def emitted(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Every custom resource of a chat behind a gateway with these settings, as it is registered."""

    def program() -> None:
        cluster = parts.on_cluster()
        gateway, chat = parts.gateway(cluster, GatewayConfig.model_validate(settings)), parts.chat(cluster)
        for name, route, backend in (("web", WebConfig(), chat.web), ("api", ApiConfig(), chat.api)):
            HttpRoute(name, HttpRouteArgs(settings=route, gateway=gateway, backend=backend, timeout_s=60), cluster)

    groups = ("gateway.networking.k8s.io", "gateway.envoyproxy.io")
    return [each.inputs for each in record(program).kubernetes if each.inputs["apiVersion"].startswith(groups)]


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_every_custom_resource_is_one_that_the_release_takes(
    exposure: str, schemas: dict[tuple[str, str], Schema]
) -> None:
    wires = emitted(EXPOSURES[exposure])
    assert {wire["kind"] for wire in wires} == KINDS
    assert {wire["metadata"]["name"]: errors(wire, schemas) for wire in wires if errors(wire, schemas)} == {}


def envoy_proxy() -> dict[str, Any]:
    return gateway_api.envoy_proxy(
        name="class", namespace="eg", image="envoy:1", exposure="NodePort", port=80, node_port=30080
    )


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("provider", "kubernetes", "envoyServce"), {}, "'envoyServce' was unexpected"),
        (("provider", "kubernetes", "envoyService", "externalTrafficPolicy"), "local", '"local" is not one of'),
        (("provider", "kubernetes", "envoyDeployment", "container", "img"), "envoy:1", "'img' was unexpected"),
        (("provider", "kubernetes", "envoyDeployment", "replicas"), "1", '"1" is not of type "integer"'),
        (("provider", "type"), "Docker", '"Docker" is not one of'),
    ],
)
def test_a_misspelt_field_and_a_wrong_value_are_noticed(
    schemas: dict[tuple[str, str], Schema], path: tuple[str, ...], value: object, complaint: str
) -> None:
    right = envoy_proxy()
    assert errors(right, schemas) == []
    wrong = copy.deepcopy(right)
    place = wrong["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    (error,) = errors(wrong, schemas)
    assert complaint in error


def test_a_required_field_is_missed(schemas: dict[tuple[str, str], Schema]) -> None:
    wire = gateway_api.gateway(name="gateway", namespace="chat", class_name="class", listener="http", port=80)
    del wire["spec"]["gatewayClassName"]
    assert errors(wire, schemas) == ['spec: "gatewayClassName" is a required property']


def test_a_version_that_the_release_does_not_serve_is_noticed(schemas: dict[tuple[str, str], Schema]) -> None:
    wire = envoy_proxy() | {"apiVersion": "gateway.envoyproxy.io/v1"}
    assert errors(wire, schemas) == ["('gateway.envoyproxy.io/v1', 'EnvoyProxy') is not served"]
