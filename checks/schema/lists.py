"""Lists that are sets or maps: no item, or no key of an item, may stand in one twice.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from checks.schema.structural import Schema, of_child
from diagnostics.problem import Mistake, Path
from kube.json_paths import children
from kube.unknown import unknown_paths


def mistakes(value: Any, schema: Schema, path: Path = ()) -> Iterator[Mistake]:
    if isinstance(value, list) and schema.get("x-kubernetes-list-type") in ("set", "map"):
        yield from _repeated(cast(list[Any], value), schema.get("x-kubernetes-list-map-keys", ()), path)
    for step, child in children(value):
        if declared := of_child(schema, step):
            yield from mistakes(child, declared, (*path, step))


def _repeated(items: list[Any], keys: list[str], path: Path) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        # Items of a map that are no objects are the schema's matter.
        identity = {key: value for key, value in children(item) if key in keys} if keys else item
        if any(unknown_paths(identity)):
            continue
        first = seen.setdefault(json.dumps(identity, sort_keys=True), index)
        if first != index:
            same = f"the same {', '.join(keys)} as" if keys else "the same as"
            yield Mistake(
                path=(*path, index), value=identity, rule=f"must not be {same} [{first}]", cure="remove or rename one"
            )
