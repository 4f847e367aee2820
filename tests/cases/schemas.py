"""Examples of the problems that schemas find, one per code, from `schemas.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from checks.schema import Crds, validate
from diagnostics import Problem
from kube.manifest import Manifest

_FILE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True, kw_only=True)
class SchemaCase:
    """A schema, and a `spec` with one problem."""

    code: str
    schema: Mapping[str, Any]
    spec: Any

    def problems(self) -> tuple[Problem, ...]:
        """The problems of an object with this `spec`."""
        return validate(thing(self.spec), Crds.of([crd(self.schema, v1=True)]))


def load() -> list[SchemaCase]:
    """All examples, in the order of the file."""
    return [SchemaCase(code=code, **fields) for code, fields in yaml.safe_load(_FILE.read_text()).items()]


def crd(schema: Mapping[str, Any], **served: bool) -> Manifest:
    """A CRD of the kind Thing whose `spec` has the schema, in versions that are `served` or not."""
    whole = {"openAPIV3Schema": {"type": "object", "properties": {"spec": schema}}}
    versions = [{"name": name, "served": serves, "schema": whole} for name, serves in served.items()]
    return {"spec": {"group": "example.com", "names": {"kind": "Thing"}, "versions": versions}}


def thing(spec: Any) -> Manifest:
    """An object of the kind Thing."""
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "thing"}, "spec": spec}
