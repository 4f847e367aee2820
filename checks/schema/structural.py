"""Structural schemas: the fields that an object may have, and the defaults that the API server fills in.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics import Path
from kube.json_paths import children

Schema = Mapping[str, Any]


def of_child(schema: Schema, step: str | int) -> Schema | None:
    """The schema of a field, a key or an item; None when it is not declared."""
    if isinstance(step, int):
        return schema.get("items")
    rest = schema.get("additionalProperties")
    return schema.get("properties", {}).get(step, rest if isinstance(rest, Mapping) else None)


def undeclared(value: Any, schema: Schema, path: Path = ()) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Path of each field that the schema does not have, and the names that it has there.

    The API server silently drops such a field, unless it is asked to be strict.
    """
    anything = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("additionalProperties") is True
    for step, child in children(value):
        if declared := of_child(schema, step):
            yield from undeclared(child, declared, (*path, step))
        elif isinstance(step, str) and not anything and schema.get("type") == "object":
            yield (*path, step), tuple(schema.get("properties", {}))


def stored(value: Any, schema: Schema) -> Any:
    """The value as the API server goes on to validate it: with defaults, without nulls that the schema does not allow.

    Whole numbers become integers: Pulumi passes all numbers as floating point.
    """
    if isinstance(value, Mapping):
        fields = {name: field for name, field in children(value) if not _falls_away(field, of_child(schema, name))}
        for name, declared in schema.get("properties", {}).items():
            if name not in fields and "default" in declared:
                fields[name] = copy.deepcopy(declared["default"])
        return {name: stored(field, of_child(schema, name) or {}) for name, field in fields.items()}
    if isinstance(value, list):
        return [stored(item, of_child(schema, index) or {}) for index, item in children(value)]
    if isinstance(value, float) and value.is_integer() and schema.get("type") != "number":
        return int(value)
    return value


def _falls_away(value: Any, schema: Schema | None) -> bool:
    return value is None and schema is not None and not schema.get("nullable")
