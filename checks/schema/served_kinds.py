"""Crds: the kinds that the CRDs of a release serve, with their schemas."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.schema import json_schema
from checks.schema.formats import SUBDOMAIN, Format
from checks.schema.metadata import METADATA
from checks.schema.structural import Schema
from diagnostics import Problem, listed, problem, suggest


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind in one version. Its schema is translated when the first object of the kind is checked."""

    schema: Schema
    namespaced: bool
    has_status: bool
    """The API server ignores the status of an object that it creates: it has an endpoint of its own."""
    name: Format = SUBDOMAIN
    """Format of an object's name."""

    @cached_property
    def validator(self) -> json_schema.Validator:
        return json_schema.validator(self.schema)


@dataclass(frozen=True)
class Crds:
    """Served kinds by apiVersion and kind."""

    kinds: Mapping[tuple[str, str], Kind]

    @staticmethod
    def of(crds: Iterable[Mapping[str, Any]]) -> "Crds":
        """The kinds that these CustomResourceDefinitions serve."""
        return Crds(
            {
                (f"{spec['group']}/{version['name']}", spec["names"]["kind"]): _kind(spec, version)
                for spec in (crd["spec"] for crd in crds)
                for version in spec["versions"]
                if version.get("served")
            }
        )

    def unserved(self, api_version: str, kind: str) -> Iterator[Problem]:
        """The problem of a kind that is not served; nothing for a group that these CRDs do not know."""
        group = _group(api_version)
        served = [known for known in self.kinds if _group(known[0]) == group]
        if versions := sorted(version for version, name in served if name == kind):
            yield problem(
                "version-not-served",
                ("apiVersion",),
                api_version,
                kind=kind,
                versions=listed(versions),
                newest=versions[0],
            )
        elif served:
            names = sorted({name for _, name in served})
            yield problem(
                "kind-unknown",
                ("kind",),
                kind,
                group=group or "the core group",
                suggestion=suggest(kind, names),
            )


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _kind(spec: Mapping[str, Any], version: Mapping[str, Any]) -> Kind:
    schema = version["schema"]["openAPIV3Schema"]
    text = {"type": "string"}
    properties = {**schema.get("properties", {}), "apiVersion": text, "kind": text, "metadata": METADATA}
    return Kind(
        schema={**schema, "properties": properties},
        namespaced=spec.get("scope") == "Namespaced",
        has_status="status" in version.get("subresources", {}),
    )
