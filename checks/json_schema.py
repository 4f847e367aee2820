"""A structural schema as JSON Schema, and what its validator finds, in words."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import jsonschema_rs
from jsonschema_rs import Draft4Validator as Validator
from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from checks.formats import OF_SCHEMAS
from checks.mistake import Mistake, Path
from checks.structural import Schema
from checks.unknown import UNKNOWN, known, unknown_paths
from checks.walk import at

_KEPT = {"type", "enum", "pattern", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} | {
    *("multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems")
}
_BITS = {"int32": 31, "int64": 63}
_TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_PATTERNS = {
    r"^([0-9]{1,5}(h|m|s|ms)){1,4}$": "must be a duration, such as 10s, 500ms or 1h30m",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": "must be a DNS label (a-z, 0-9 and '-', no '-' at its ends)",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$": (
        "must be DNS labels (a-z, 0-9, '-') with dots between them"
    ),
    r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$": (
        "must be empty or DNS labels (a-z, 0-9, '-') with dots between them"
    ),
    r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$": (
        "must be a host name in lower case, with '*.' before it at most"
    ),
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$": (
        "must be a DNS name, a slash and a path, such as example.com/name"
    ),
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$": (
        "must be a quantity, such as 500m, 2 or 128Mi"
    ),
    r"^[1-9]+[0-9]*([EPTGMK]i|[EPTGMk])?$": "must be a whole number of bytes, such as 32768 or 32Ki",
    r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$": "must be a kind: a letter, then letters, digits and '-'",
}
"""The commonest patterns of the CRDs; the others are shown as they are."""


def validator(schema: Schema) -> Validator:
    # The engine of Rust's `regex` matches what Go's RE2 does: no look-around, ASCII classes, `$` at the very end.
    return jsonschema_rs.Draft4Validator(
        translated(schema),
        pattern_options=jsonschema_rs.RegexOptions(),
        validate_formats=True,
        formats={name: format.holds for name, format in OF_SCHEMAS.items()},
    )


def translated(schema: Schema) -> dict[str, Any]:
    """The schema as the API server validates with it; fields that are not declared are another matter."""
    result: dict[str, Any] = {key: schema[key] for key in _KEPT & schema.keys()}
    if "properties" in schema:
        result["properties"] = {name: translated(field) for name, field in schema["properties"].items()}
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), Mapping):
            result[key] = translated(schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            result[key] = [translated(branch) for branch in schema[key]]
    if schema.get("format") in OF_SCHEMAS:
        result["format"] = schema["format"]
    if bits := _BITS.get(schema.get("format", "")):
        lowest, highest = -(1 << bits), (1 << bits) - 1
        result["minimum"] = max(lowest, schema.get("minimum", lowest))
        result["maximum"] = min(highest, schema.get("maximum", highest))
    if schema.get("x-kubernetes-int-or-string"):
        # What controller-gen writes beside it says the same again.
        result.pop("anyOf", None)
        result["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in schema:
        result["type"] = [schema["type"], "null"]
    return result


@dataclass(frozen=True)
class Refusal:
    mistake: Mistake
    blocks: bool
    """Whether rules in CEL make no sense of such a value: the API server does not ask them then."""


def refusals(value: Any, validator: Validator) -> Iterator[Refusal]:
    """What the schema refuses in the value, but for what is not known yet."""
    unknowns = tuple(unknown_paths(value))
    errors = [(tuple(error.instance_path), error.kind) for error in validator.iter_errors(known(value))]
    settled = {path for path, kind in errors if isinstance(kind, _SETTLING)}
    for path, kind in errors:
        if at(value, path) is UNKNOWN:
            continue
        # Which of the alternatives holds may hang on what is not known.
        if isinstance(kind, _ALTERNATIVES) and any(place[: len(path)] == path for place in unknowns):
            continue
        if path in settled and not isinstance(kind, _SETTLING):
            continue
        yield Refusal(_mistake(kind, path, at(value, path)), blocks=isinstance(kind, _BLOCKING))


# The enum or the pattern of a value that has the wrong type or is empty is no news.
_SETTLING = (Kind.Type, Kind.MinLength)
_ALTERNATIVES = (Kind.AnyOf, Kind.OneOfNotValid, Kind.OneOfMultipleValid, Kind.Not, Kind.UniqueItems)
_BLOCKING = (Kind.Type, Kind.Required, Kind.Enum, Kind.MaxLength, Kind.MaxItems, Kind.MaxProperties)


def _mistake(kind: Kind, path: Path, value: Any) -> Mistake:
    match kind:
        case Kind.Required(property):
            return Mistake(path=(*path, property), rule="is required", cure="add it")
        case Kind.Type(types):
            return Mistake(path=path, value=value, rule=_words(kind, path, value), cure=_retyped(value, types))
        case Kind.Enum(options):
            return Mistake(path=path, value=value, rule=_words(kind, path, value), cure=meant(value, options))
        case _:
            return Mistake(path=path, value=value, rule=_words(kind, path, value))


def _words(kind: Kind, path: Path, value: Any) -> str:
    match kind:
        case Kind.Type(types):
            return f"must be {' or '.join(_TYPES[name] for name in types)}"
        case Kind.Enum(options):
            return f"must be {_listed(options)}"
        case Kind.Not(schema):
            return f"must not be {_listed(cast(dict[str, Any], schema).get('enum', [schema]))}"
        case Kind.Pattern(pattern):
            return _PATTERNS.get(pattern, f"must match {pattern}")
        case Kind.Format(format):
            return OF_SCHEMAS[format].text
        case Kind.Required(property):
            return f"must have {property}"
        case Kind.AnyOf(context) | Kind.OneOfNotValid(context):
            return " or ".join(_branch(branch, path) for branch in context)
        case _:
            return _bound(kind, value) or f"breaks `{kind.name}` of the schema: {json.dumps(kind.value)}"


def _bound(kind: Kind, value: Any) -> str:
    match kind:
        case Kind.Minimum(limit):
            return f"must be at least {limit}"
        case Kind.Maximum(limit):
            return f"must be at most {limit}"
        case Kind.MinLength(1) | Kind.MinItems(1) | Kind.MinProperties(1):
            return "must not be empty"
        case Kind.MinLength(limit):
            return f"must have at least {limit} characters"
        case Kind.MaxLength(limit):
            return f"must have at most {limit} characters (it has {len(value)})"
        case Kind.MinItems(limit) | Kind.MinProperties(limit):
            return f"must have at least {_entries(limit)}"
        case Kind.MaxItems(limit) | Kind.MaxProperties(limit):
            return f"must have at most {_entries(limit)} (it has {len(value)})"
        case Kind.MultipleOf(factor):
            return f"must be a multiple of {factor}"
        case _:
            return ""


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _branch(errors: Sequence[ValidationError], path: Path) -> str:
    """What an alternative asks of the value at `path`; of a field in it, that field is named."""
    return " and ".join(
        " ".join([*map(str, place[len(path) :]), _words(error.kind, place, error.instance)])
        for error in errors
        for place in (tuple(error.instance_path),)
    )


def _listed(options: Sequence[Any]) -> str:
    shown = [option if isinstance(option, str) and option else json.dumps(option) for option in options]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"


def _retyped(value: Any, types: Sequence[str]) -> str:
    if isinstance(value, str) and {"integer", "number"} & {*types} and value.lstrip("-").isdigit():
        return f"write {value} without quotes"
    if isinstance(value, str) and "boolean" in types and value in ("true", "false"):
        return f"write {value} without quotes"
    if isinstance(value, bool | int | float) and "string" in types:
        return f'write "{json.dumps(value)}", in quotes'
    return ""


def meant(value: Any, options: Sequence[Any]) -> str:
    """The option that is most like the value, as a question; empty when none is like it."""
    names: dict[str, str] = {option.lower(): option for option in options if isinstance(option, str)}
    near = difflib.get_close_matches(value.lower(), names, 1) if isinstance(value, str) else []
    return f"did you mean {names[near[0]]}?" if near else ""
