"""Lists that are sets or maps: no item, or no key of an item, may occur twice.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from checks.schema.structural import Schema, of_child
from diagnostics import Path, Problem, problem
from kube.json_paths import children
from kube.unknown import unknown_paths


def repeated_items(value: Any, schema: Schema, path: Path = ()) -> Iterator[Problem]:
    """Items that occur twice in a list which the schema declares to be a set or a map."""
    if isinstance(value, list) and schema.get("x-kubernetes-list-type") in ("set", "map"):
        yield from _repeated(cast(list[Any], value), schema.get("x-kubernetes-list-map-keys", ()), path)
    for step, child in children(value):
        if declared := of_child(schema, step):
            yield from repeated_items(child, declared, (*path, step))


def _repeated(items: list[Any], keys: list[str], path: Path) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        # The schema refuses an item of a map that is not an object.
        identity = {key: value for key, value in children(item) if key in keys} if keys else item
        if any(unknown_paths(identity)):
            continue
        first = seen.setdefault(json.dumps(identity, sort_keys=True), index)
        if first != index:
            here = (*path, index)
            if keys:
                yield problem("list-key-twice", here, identity, keys=", ".join(keys), first=first)
            else:
                yield problem("list-item-twice", here, identity, first=first)
