"""Drift: differences of a cluster from its stack. Fields, missing objects, and conditions that are not met."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gatewayapi.kinds import GROUPS, PARTIALLY_INVALID
from gatewayapi.objects import Objects
from kube.manifest import Manifest, ObjectName, group_of, kind_of
from kube.read import read, values

_GOOD = {**dict.fromkeys(("Accepted", "Programmed", "ResolvedRefs"), "True"), PARTIALLY_INVALID: "False"}
_MASKED = "[secret]"


@dataclass(frozen=True)
class Difference:
    """One difference. `path` is a field such as `spec.listeners[0].port`; empty for the whole object."""

    object: ObjectName
    path: str
    text: str


def differences(stack: Iterable[Manifest], live: Iterable[Manifest]) -> Iterator[Difference]:
    """Differences of the objects that decide what happens to a request.

    A field that the stack leaves out may have any value: the API server fills in defaults.
    """
    there = Objects(live, complete=True)
    for manifest in Objects(stack, complete=True):
        if GROUPS.get(kind_of(manifest)) != group_of(manifest):
            continue
        name = ObjectName.of(manifest)
        found = there.find(name)
        if found is None:
            yield Difference(name, "", "is not on the cluster")
            continue
        for path, wanted, actual in _fields(
            "spec", read(manifest, "spec", default={}), read(found, "spec", default={})
        ):
            yield Difference(name, path, f"the stack has {wanted!r}, the cluster {actual!r}")
        yield from _conditions(name, found)


def _fields(path: str, wanted: Any, actual: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        there = cast(Mapping[str, Any], actual)
        for name, value in cast(Mapping[str, Any], wanted).items():
            yield from _fields(f"{path}.{name}", value, there.get(name))
    elif isinstance(wanted, list) and isinstance(actual, list) and len(cast(Any, wanted)) == len(cast(Any, actual)):
        pairs = zip(cast(Sequence[Any], wanted), cast(Sequence[Any], actual), strict=True)
        for index, (one, other) in enumerate(pairs):
            yield from _fields(f"{path}[{index}]", one, other)
    elif wanted not in (actual, _MASKED):
        yield path, wanted, actual


def _conditions(name: ObjectName, live: Manifest) -> Iterator[Difference]:
    """Conditions of the object, its listeners, its parents and its ancestors that are not as they should be."""
    generation = read(live, "metadata", "generation")
    holders = [("", read(live, "status", default={}))]
    holders += [(f"listener {listener['name']}: ", listener) for listener in values(live, "status", "listeners")]
    # The status keeps entries of parents that the route no longer names.
    named = [_parent(parent) for parent in values(live, "spec", "parentRefs")]
    parents = [
        parent
        for parent in values(live, "status", "parents")
        if _parent(read(parent, "parentRef", default={})) in named
    ]
    holders += [(f"parent {parent['parentRef']['name']}: ", parent) for parent in parents]
    ancestors = values(live, "status", "ancestors")
    holders += [(f"ancestor {ancestor['ancestorRef']['name']}: ", ancestor) for ancestor in ancestors]
    for holder, status in holders:
        for condition in values(status, "conditions"):
            kind = f"{holder}{condition['type']}"
            if condition.get("observedGeneration", generation) != generation:
                yield Difference(name, "", f"{kind} is of an earlier generation: the controller has not finished")
            elif condition["status"] != _GOOD.get(condition["type"], condition["status"]):
                words = f"{condition.get('reason', '')}: {condition.get('message', '')}"
                yield Difference(name, "", f"{kind} is {condition['status']} ({words})")


def _parent(reference: Manifest) -> tuple[object, ...]:
    return tuple(reference.get(key) for key in ("name", "sectionName", "port"))
