"""JSON Schema: a structural schema translated for a validator, and the problems that it finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from jsonschema_rs import Draft4Validator as Validator
from jsonschema_rs import ValidationErrorKind as Keyword

from checks.schema.formats import OF_SCHEMAS
from checks.schema.messages import keyword_problem
from checks.schema.structural import Schema
from diagnostics import Problem, is_below
from kube.json_paths import at
from kube.unknown import UNKNOWN, known, unknown_paths

_KEPT = {"type", "enum", "pattern", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} | {
    *("multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems")
}
_BITS = {"int32": 31, "int64": 63}
# For a value of the wrong type, or an empty one, its enum or pattern adds nothing.
_SETTLING = (Keyword.Type, Keyword.MinLength)
_ALTERNATIVES = (Keyword.AnyOf, Keyword.OneOfNotValid, Keyword.OneOfMultipleValid, Keyword.Not, Keyword.UniqueItems)
_BLOCKING = (
    *(Keyword.Type, Keyword.Required, Keyword.Enum),
    *(Keyword.MaxLength, Keyword.MaxItems, Keyword.MaxProperties),
)


def validator(schema: Schema) -> Validator:
    """A validator with the semantics of the API server's own."""
    # The engine of Rust's `regex` matches what Go's RE2 does: no look-around, ASCII classes, `$` at the very end.
    return jsonschema_rs.Draft4Validator(
        _translated(schema),
        pattern_options=jsonschema_rs.RegexOptions(),
        validate_formats=True,
        formats={name: format.holds for name, format in OF_SCHEMAS.items()},
    )


def _translated(schema: Schema) -> dict[str, Any]:
    """The schema as the API server validates with it. Undeclared fields are found elsewhere."""
    result: dict[str, Any] = {key: schema[key] for key in _KEPT & schema.keys()}
    if "properties" in schema:
        result["properties"] = {name: _translated(field) for name, field in schema["properties"].items()}
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), Mapping):
            result[key] = _translated(schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            result[key] = [_translated(branch) for branch in schema[key]]
    if schema.get("format") in OF_SCHEMAS:
        result["format"] = schema["format"]
    if bits := _BITS.get(schema.get("format", "")):
        lowest, highest = -(1 << bits), (1 << bits) - 1
        result["minimum"] = max(lowest, schema.get("minimum", lowest))
        result["maximum"] = min(highest, schema.get("maximum", highest))
    if schema.get("x-kubernetes-int-or-string"):
        # controller-gen repeats it in an anyOf beside it.
        result.pop("anyOf", None)
        result["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in schema:
        result["type"] = [schema["type"], "null"]
    return result


@dataclass(frozen=True)
class Refusal:
    """A problem that the schema finds."""

    problem: Problem
    blocks: bool
    """Whether the API server skips CEL rules over such a value."""


def refusals(value: Any, validator: Validator) -> Iterator[Refusal]:
    """Everything that the schema refuses in a value, apart from values that are not known yet."""
    unknowns = tuple(unknown_paths(value))
    errors = [(tuple(error.instance_path), error.kind) for error in validator.iter_errors(known(value))]
    settled = {path for path, keyword in errors if isinstance(keyword, _SETTLING)}
    for path, keyword in errors:
        if at(value, path) is UNKNOWN:
            continue
        # An unknown value may decide which alternative holds.
        if isinstance(keyword, _ALTERNATIVES) and any(is_below(place, path) for place in unknowns):
            continue
        if path in settled and not isinstance(keyword, _SETTLING):
            continue
        yield Refusal(keyword_problem(keyword, path, at(value, path)), blocks=isinstance(keyword, _BLOCKING))
