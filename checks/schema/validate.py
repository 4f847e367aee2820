"""All that the API server would say against one object."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.schema import json_schema, lists, messages, metadata, structural, validations
from checks.schema.crds import Crds, Kind
from checks.schema.structural import Schema
from diagnostics.problem import Mistake
from kube.json_paths import at
from kube.unknown import unknown_paths

_FEW = 12


def check(wire: Mapping[str, Any], crds: Crds) -> tuple[Mistake, ...]:
    """Every mistake in an object in wire form that is to be created, by its path; none for a kind of foreign groups.

    The verdict is that of a strict API server (`kubectl --validate=strict`) that has these CRDs and nothing else: no
    webhooks, no objects that this one refers to. Rules with functions that are unknown here are left to it.
    """
    named = wire.get("apiVersion", ""), wire.get("kind", "")
    kind = crds.kinds.get(named)
    found = _mistakes(wire, kind) if kind else crds.unserved(*named)
    # A schema may say the same twice, in parts that must all hold.
    once = {(mistake.path, mistake.rule): mistake for mistake in found}
    return tuple(sorted(once.values(), key=lambda mistake: mistake.field))


def _mistakes(wire: Mapping[str, Any], kind: Kind) -> Iterator[Mistake]:
    given = {name: field for name, field in wire.items() if not (name == "status" and kind.has_status)}
    yield from undeclared(given, kind.schema)
    value = structural.stored(given, kind.schema)
    yield from metadata.mistakes(value.get("metadata"), namespaced=kind.namespaced, name=kind.name)
    refusals = tuple(json_schema.refusals(value, kind.validator))
    yield from (refusal.mistake for refusal in refusals)
    yield from lists.mistakes(value, kind.schema)
    blocked = {refusal.mistake.path for refusal in refusals if refusal.blocks}
    yield from validations.mistakes(value, kind.schema, blocked | {*unknown_paths(value)})


def undeclared(value: Any, schema: Schema) -> Iterator[Mistake]:
    """Fields that the schema does not have."""
    for path, names in structural.undeclared(value, schema):
        yield Mistake(path=path, value=at(value, path), rule="is not a field", cure=_instead(str(path[-1]), names))


def _instead(name: str, names: Sequence[str]) -> str:
    if near := messages.meant(name, names):
        return near
    return f"the fields are {', '.join(sorted(names))}" if 0 < len(names) <= _FEW else "remove it"
