"""Validate one object as the API server would."""

from collections.abc import Iterator, Mapping
from typing import Any

from checks.schema import json_schema, structural
from checks.schema.lists import repeated_items
from checks.schema.metadata import wrong_metadata
from checks.schema.served_kinds import Crds, Kind
from checks.schema.structural import Schema
from checks.schema.validations import broken_rules
from diagnostics import Problem, problem, suggest
from kube.json_paths import at
from kube.unknown import unknown_paths


def validate(manifest: Mapping[str, Any], crds: Crds) -> tuple[Problem, ...]:
    """Every problem of an object that is to be created, sorted by field; none for a kind of an unknown group.

    The verdict is that of a strict API server (`kubectl --validate=strict`) that has these CRDs and nothing else: no
    webhooks, and no objects that this one refers to. CEL rules with functions that are unknown here are skipped.
    """
    name = manifest.get("apiVersion", ""), manifest.get("kind", "")
    kind = crds.kinds.get(name)
    found = _problems(manifest, kind) if kind else crds.unserved(*name)
    # A schema may repeat a rule in parts that must all hold.
    once = {(problem.path, problem.rule): problem for problem in found}
    return tuple(sorted(once.values(), key=lambda problem: problem.field))


def _problems(manifest: Mapping[str, Any], kind: Kind) -> Iterator[Problem]:
    given = {name: field for name, field in manifest.items() if not (name == "status" and kind.has_status)}
    yield from undeclared(given, kind.schema)
    value = structural.stored(given, kind.schema)
    yield from wrong_metadata(value.get("metadata"), namespaced=kind.namespaced, name=kind.name)
    refusals = tuple(json_schema.refusals(value, kind.validator))
    yield from (refusal.problem for refusal in refusals)
    yield from repeated_items(value, kind.schema)
    blocked = {refusal.problem.path for refusal in refusals if refusal.blocks}
    yield from broken_rules(value, kind.schema, blocked | {*unknown_paths(value)})


def undeclared(value: Any, schema: Schema) -> Iterator[Problem]:
    """Fields that the schema does not have."""
    for path, names in structural.undeclared(value, schema):
        suggestion = suggest(path[-1], names) or "remove it"
        yield problem("field-unknown", path, at(value, path), suggestion=suggestion)
