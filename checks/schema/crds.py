"""The kinds that a release brings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.schema import json_schema, messages
from checks.schema.formats import SUBDOMAIN, Format
from checks.schema.metadata import METADATA
from checks.schema.structural import Schema
from diagnostics.problem import Mistake


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind in one version. Its schema is translated when the first object of it is checked."""

    schema: Schema
    namespaced: bool
    has_status: bool
    """The API server sets a status aside when it creates an object, and looks at it only on its own endpoint."""
    name: Format = SUBDOMAIN
    """What its objects may be called."""

    @cached_property
    def validator(self) -> json_schema.Validator:
        return json_schema.validator(self.schema)


@dataclass(frozen=True)
class Crds:
    """The kinds that are served, by apiVersion and kind."""

    kinds: Mapping[tuple[str, str], Kind]

    @staticmethod
    def of(crds: Iterable[Mapping[str, Any]]) -> "Crds":
        """From CustomResourceDefinitions in wire form."""
        return Crds(
            {
                (f"{spec['group']}/{version['name']}", spec["names"]["kind"]): _kind(spec, version)
                for spec in (crd["spec"] for crd in crds)
                for version in spec["versions"]
                if version.get("served")
            }
        )

    def unserved(self, api_version: str, kind: str) -> Iterator[Mistake]:
        """Why there is no such kind; nothing when these CRDs have none of its group, and so no say in it."""
        group = _group(api_version)
        served = [known for known in self.kinds if _group(known[0]) == group]
        if versions := sorted(version for version, name in served if name == kind):
            rule = f"{kind} is served as {' and '.join(versions)} only"
            yield Mistake(path=("apiVersion",), value=api_version, rule=rule, cure=f"write {versions[0]}")
        elif served:
            names = sorted({name for _, name in served})
            rule = f"{group or 'the core group'} has no such kind, only {', '.join(names)}"
            yield Mistake(path=("kind",), value=kind, rule=rule, cure=messages.meant(kind, names))


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
