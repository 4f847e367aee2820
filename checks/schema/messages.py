"""Messages: the problem that a keyword of JSON Schema finds in a value."""

import json
from collections.abc import Sequence
from typing import Any, cast

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Keyword

from checks.schema.formats import OF_SCHEMAS
from diagnostics import Path, Problem, suggest
from diagnostics.problem import Reason, reason

_TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PATTERNS = {
    r"^([0-9]{1,5}(h|m|s|ms)){1,4}$": "duration-invalid",
    rf"^{_LABEL}$": "dns-label-invalid",
    rf"^{_LABEL}(\.{_LABEL})*$": "dns-name-invalid",
    rf"^$|^{_LABEL}(\.{_LABEL})*$": "dns-name-invalid",
    rf"^(\*\.)?{_LABEL}(\.{_LABEL})*$": "hostname-pattern",
    rf"^{_LABEL}(\.{_LABEL})*\/[A-Za-z0-9\/\-._~%!$&'()*+,;=:]+$": "domain-prefixed-path",
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$": "quantity-invalid",
    r"^[1-9]+[0-9]*([EPTGMK]i|[EPTGMk])?$": "bytes-invalid",
    r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$": "kind-name-invalid",
}
"""Codes for the most common patterns of the CRDs; every other pattern is shown as it is."""


def keyword_problem(keyword: Keyword, path: Path, value: Any) -> Problem:
    """The problem at `path`, where the schema refuses `value`."""
    match keyword:
        case Keyword.Required(property):
            return reason("field-required").at((*path, property))
        case _:
            return _reason(keyword, path, value).at(path, value)


def _reason(keyword: Keyword, path: Path, value: Any) -> Reason:
    match keyword:
        case Keyword.Type(types):
            wanted = " or ".join(_TYPES[name] for name in types)
            return reason("field-type", wanted=wanted, fix=_retyped(value, types))
        case Keyword.Enum(options):
            return reason("field-enum", options=_listed(options), suggestion=_near(value, options))
        case Keyword.Not(schema):
            return reason("field-forbidden-value", options=_listed(cast(dict[str, Any], schema).get("enum", [schema])))
        case Keyword.Pattern(pattern):
            code = _PATTERNS.get(pattern)
            return reason(code) if code else reason("field-pattern", pattern=pattern)
        case Keyword.Format(format):
            return reason(OF_SCHEMAS[format].code)
        case Keyword.AnyOf(context) | Keyword.OneOfNotValid(context):
            return reason("field-alternatives", alternatives=" or ".join(_branch(branch, path) for branch in context))
        case Keyword.OneOfMultipleValid():
            return reason("field-one-alternative")
        case _:
            shown = json.dumps(keyword.value, default=str)
            return _bound(keyword, value) or reason("field-keyword", keyword=keyword.name, value=shown)


def _bound(keyword: Keyword, value: Any) -> Reason | None:
    match keyword:
        case Keyword.Minimum(limit):
            return reason("field-minimum", limit=limit)
        case Keyword.Maximum(limit):
            return reason("field-maximum", limit=limit)
        case Keyword.MinLength(1) | Keyword.MinItems(1) | Keyword.MinProperties(1):
            return reason("field-empty")
        case Keyword.MinLength(limit):
            return reason("field-too-short", limit=limit)
        case Keyword.MaxLength(limit):
            return reason("field-too-long", limit=limit, length=len(value))
        case Keyword.MinItems(limit) | Keyword.MinProperties(limit):
            return reason("field-too-few", limit=limit)
        case Keyword.MaxItems(limit) | Keyword.MaxProperties(limit):
            return reason("field-too-many", limit=limit, length=len(value))
        case Keyword.MultipleOf(factor):
            return reason("field-multiple", factor=factor)
        case _:
            return None


def _branch(errors: Sequence[ValidationError], path: Path) -> str:
    """Requirements of one alternative on the value at `path`, with the name of a field below it."""
    problems = [keyword_problem(error.kind, tuple(error.instance_path), error.instance) for error in errors]
    return " and ".join(" ".join([*map(str, found.path[len(path) :]), found.rule]) for found in problems)


def _listed(options: Sequence[Any]) -> str:
    shown = [option if isinstance(option, str) and option else json.dumps(option) for option in options]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"


def _near(value: Any, options: Sequence[Any]) -> str:
    """The option that was probably meant, or an empty text: the rule lists all options already."""
    found = suggest(value, [option for option in options if isinstance(option, str)]) if isinstance(value, str) else ""
    return found if found.startswith("did you mean") else ""


def _retyped(value: Any, types: Sequence[str]) -> str:
    if isinstance(value, str) and {"integer", "number"} & {*types} and value.lstrip("-").isdigit():
        return f"write {value} without quotes"
    if isinstance(value, str) and "boolean" in types and value in ("true", "false"):
        return f"write {value} without quotes"
    if isinstance(value, bool | int | float) and "string" in types:
        return f'write "{json.dumps(value)}", in quotes'
    return ""
