"""Where a cluster's objects are not what a stack wants: fields that differ, objects that are missing, conditions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from explain.objects import Objects, Reference, Wire, part, parts
from gatewayapi.kinds import PARTIALLY_INVALID

_GOOD = {**dict.fromkeys(("Accepted", "Programmed", "ResolvedRefs"), "True"), PARTIALLY_INVALID: "False"}
_MASKED = "[secret]"


@dataclass(frozen=True)
class Difference:
    """`path` is that of a field, such as `spec.listeners[0].port`; empty when it is about the whole object."""

    object: Reference
    path: str
    text: str


def differences(stack: Iterable[Wire], live: Iterable[Wire]) -> Iterator[Difference]:
    """Of the kinds that routing looks at. A field that the stack leaves out may have any value: it has defaults."""
    there = Objects(live)
    for wire in Objects(stack).all():
        reference = Reference.of(wire)
        found = there.find(reference)
        if found is None:
            yield Difference(reference, "", "is not on the cluster")
            continue
        for path, wanted, actual in _fields("spec", part(wire, "spec"), part(found, "spec")):
            yield Difference(reference, path, f"the stack has {wanted!r}, the cluster {actual!r}")
        yield from _conditions(reference, found)


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


def _conditions(reference: Reference, live: Wire) -> Iterator[Difference]:
    """Those of the object, its listeners, its parents and its ancestors."""
    generation = part(live, "metadata").get("generation")
    status = part(live, "status")
    owners = [("", status)]
    owners += [(f"listener {each['name']}: ", each) for each in parts(status, "listeners")]
    # What was said of a parent that is named no more stays in the status.
    named = [_parent(each) for each in parts(part(live, "spec"), "parentRefs")]
    said = [each for each in parts(status, "parents") if _parent(part(each, "parentRef")) in named]
    owners += [(f"parent {part(each, 'parentRef')['name']}: ", each) for each in said]
    owners += [(f"ancestor {part(each, 'ancestorRef')['name']}: ", each) for each in parts(status, "ancestors")]
    for owner, holder in owners:
        for condition in parts(holder, "conditions"):
            name = f"{owner}{condition['type']}"
            if condition.get("observedGeneration", generation) != generation:
                yield Difference(
                    reference, "", f"{name} is of an earlier generation: the controller is not done with it"
                )
            elif condition["status"] != _GOOD.get(condition["type"], condition["status"]):
                words = f"{condition.get('reason', '')}: {condition.get('message', '')}"
                yield Difference(reference, "", f"{name} is {condition['status']} ({words})")


def _parent(reference: Wire) -> tuple[object, ...]:
    return tuple(reference.get(key) for key in ("name", "sectionName", "port"))
