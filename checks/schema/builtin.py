"""Built-in kinds of Kubernetes, with the schemas that its API server publishes.

They come from the data files of the package `kubernetes-validate`: its code is not imported.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from checks.schema.formats import LABEL, PATH_SEGMENT, SUBDOMAIN
from checks.schema.metadata import METADATA
from checks.schema.served_kinds import Crds, Kind
from checks.schema.structural import Schema

RELEASE = "1.36"
"""The newest Kubernetes that the releases of Envoy Gateway support. An older API server refuses newer fields."""
_MACHINERY = "io.k8s.apimachinery.pkg."
_QUANTITY = {
    "type": ["number", "string"],
    "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
}
_ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}
# Schemas that are published incompletely, or that refer to themselves.
_KNOWN: dict[str, Schema] = {
    f"{_MACHINERY}apis.meta.v1.ObjectMeta": METADATA,
    f"{_MACHINERY}apis.meta.v1.FieldsV1": _ANYTHING,
    f"{_MACHINERY}runtime.RawExtension": _ANYTHING,
    f"{_MACHINERY}util.intstr.IntOrString": {"x-kubernetes-int-or-string": True},
    f"{_MACHINERY}api.resource.Quantity": _QUANTITY,
}
_METADATA = f"#/$defs/{_MACHINERY}apis.meta.v1.ObjectMeta"
# CRDs are by far the largest objects, and come from a release whose checksum was verified.
_LEFT_OUT = "io.k8s.apiextensions-apiserver."
_NAMES = {"Namespace": LABEL, "Service": LABEL}
_KEPT = {"required", "enum", "format", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}


@cache
def kinds() -> Mapping[tuple[str, str], Kind]:
    """The built-in kinds by apiVersion and kind."""
    definitions = _definitions()
    schemas: dict[str, Schema] = dict(_KNOWN)
    result: dict[tuple[str, str], Kind] = {}
    for name, definition in definitions.items():
        served = definition.get("x-kubernetes-group-version-kind", [])
        metadata = definition.get("properties", {}).get("metadata", {})
        if len(served) == 1 and metadata.get("$ref") == _METADATA and not name.startswith(_LEFT_OUT):
            (of,) = served
            version = f"{of['group']}/{of['version']}" if of["group"] else of["version"]
            result[version, of["kind"]] = _kind(of, _named(name, definitions, schemas))
    return result


def with_crds(crds: Iterable[Mapping[str, Any]]) -> Crds:
    """The built-in kinds, and those that these CustomResourceDefinitions serve."""
    return Crds({**kinds(), **Crds.of(crds).kinds})


def _definitions() -> Mapping[str, Any]:
    package = find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("kubernetes-validate is not installed: python3 -m local.venv")
    data = Path(package.origin).parent / "kubernetes-json-schema" / f"v{RELEASE}.0-local" / "_definitions.json"
    return json.loads(data.read_bytes())["$defs"]


def _kind(of: Mapping[str, str], schema: Schema) -> Kind:
    name = PATH_SEGMENT if of["group"] == "rbac.authorization.k8s.io" else _NAMES.get(of["kind"], SUBDOMAIN)
    text = {"type": "string"}
    properties = {**schema["properties"], "apiVersion": text, "kind": text}
    whole = {**schema, "properties": properties}
    return Kind(schema=whole, namespaced=True, has_status="status" in properties, name=name)


def _named(name: str, definitions: Mapping[str, Any], schemas: dict[str, Schema]) -> Schema:
    """The structural schema of a definition, with the schemas that it refers to. Each is built once and shared."""
    if name not in schemas:
        schemas[name] = _structural(definitions[name], definitions, schemas)
    return schemas[name]


def _structural(published: Mapping[str, Any], definitions: Mapping[str, Any], schemas: dict[str, Schema]) -> Schema:
    if "$ref" in published:
        return _named(published["$ref"].rpartition("/")[2], definitions, schemas)
    result = {key: published[key] for key in _KEPT & published.keys()}
    # The published type allows null for every optional field; the API server drops such a field.
    types = [name for name in _listed(published.get("type", [])) if name != "null"]
    if types:
        result["type"] = types[0]
    if "properties" in published:
        fields = published["properties"].items()
        result["properties"] = {field: _structural(below, definitions, schemas) for field, below in fields}
    for key in ("items", "additionalProperties"):
        if isinstance(published.get(key), Mapping):
            result[key] = _structural(published[key], definitions, schemas)
    if result.get("type") == "object" and not {"properties", "additionalProperties"} & result.keys():
        result |= _ANYTHING
    return result


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types
