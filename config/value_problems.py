"""Problems of single values: pydantic's errors as problems of the catalogue."""

from pydantic_core import ErrorDetails

from config.keys import known_keys
from diagnostics import Path, Problem, problem, suggest
from diagnostics.problem import reason

_CODES = {
    "missing": "config-required",
    "model_type": "config-group",
    "model_attributes_type": "config-group",
    "dict_type": "config-group",
    "tuple_type": "config-list",
    "too_short": "field-empty",
    "bool_type": "config-bool",
    "string_type": "config-text",
}
"""Codes by the type of pydantic's own errors. The rules in `config.values` raise errors whose type is the code."""


def value_problem(error: ErrorDetails) -> Problem:
    """The problem of one value, or of the name of a key."""
    path: Path = error["loc"]
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = sorted(known_keys(path[:-1]))
        return problem("config-key-unknown", path, suggestion=suggest(path[-1], known) or f"known: {', '.join(known)}")
    if kind == "literal_error":
        return problem("config-choice", path, options=str(context["expected"]).replace("'", ""))
    code = _CODES.get(kind, kind)
    words = {name: word for name, word in context.items() if name != "code"}
    if path[-1] == "[key]":
        return problem("config-name", path[:-1], rule=reason(code, **words).rule)
    return problem(code, path, **words)
