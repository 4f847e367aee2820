"""What a keyword of JSON Schema asks of a value, in words, and what would cure a value that it refuses."""

import difflib
import json
from collections.abc import Sequence
from typing import Any, cast

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Keyword

from checks.schema.formats import OF_SCHEMAS
from diagnostics.problem import Mistake, Path

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


def mistake(keyword: Keyword, path: Path, value: Any) -> Mistake:
    match keyword:
        case Keyword.Required(property):
            return Mistake(path=(*path, property), rule="is required", cure="add it")
        case Keyword.Type(types):
            return Mistake(path=path, value=value, rule=_words(keyword, path, value), cure=_retyped(value, types))
        case Keyword.Enum(options):
            return Mistake(path=path, value=value, rule=_words(keyword, path, value), cure=meant(value, options))
        case _:
            return Mistake(path=path, value=value, rule=_words(keyword, path, value))


def _words(keyword: Keyword, path: Path, value: Any) -> str:
    match keyword:
        case Keyword.Type(types):
            return f"must be {' or '.join(_TYPES[name] for name in types)}"
        case Keyword.Enum(options):
            return f"must be {_listed(options)}"
        case Keyword.Not(schema):
            return f"must not be {_listed(cast(dict[str, Any], schema).get('enum', [schema]))}"
        case Keyword.Pattern(pattern):
            return _PATTERNS.get(pattern, f"must match {pattern}")
        case Keyword.Format(format):
            return OF_SCHEMAS[format].text
        case Keyword.Required(property):
            return f"must have {property}"
        case Keyword.AnyOf(context) | Keyword.OneOfNotValid(context):
            return " or ".join(_branch(branch, path) for branch in context)
        case Keyword.OneOfMultipleValid():
            return "must fit one of the alternatives in the schema, not several"
        case _:
            shown = json.dumps(keyword.value, default=str)
            return _bound(keyword, value) or f"must keep to `{keyword.name}` of the schema, {shown}"


def _bound(keyword: Keyword, value: Any) -> str:
    match keyword:
        case Keyword.Minimum(limit):
            return f"must be at least {limit}"
        case Keyword.Maximum(limit):
            return f"must be at most {limit}"
        case Keyword.MinLength(1) | Keyword.MinItems(1) | Keyword.MinProperties(1):
            return "must not be empty"
        case Keyword.MinLength(limit):
            return f"must have at least {limit} characters"
        case Keyword.MaxLength(limit):
            return f"must have at most {limit} characters (it has {len(value)})"
        case Keyword.MinItems(limit) | Keyword.MinProperties(limit):
            return f"must have at least {_entries(limit)}"
        case Keyword.MaxItems(limit) | Keyword.MaxProperties(limit):
            return f"must have at most {_entries(limit)} (it has {len(value)})"
        case Keyword.MultipleOf(factor):
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
