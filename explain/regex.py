"""Regular expressions as Envoy matches them: RE2, always against the whole value."""

from functools import cache
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs]

# The package has no types of its own.
_re2: Any = re2
_quiet = _re2.Options()
_quiet.log_errors = False  # RE2 writes them to stderr by itself


def matches(pattern: str, value: str) -> bool:
    """Whether the pattern matches. An invalid pattern matches nothing."""
    compiled = _compiled(pattern)
    return compiled is not None and compiled.fullmatch(value) is not None


def is_valid(pattern: str) -> bool:
    """Whether RE2 compiles the pattern."""
    return _compiled(pattern) is not None


def replaced(pattern: str, substitution: str, value: str) -> str:
    r"""The value with every match replaced; `\1` in `substitution` is the first group."""
    compiled = _compiled(pattern)
    return value if compiled is None else compiled.sub(substitution, value)


def escaped(literal: str) -> str:
    return _re2.escape(literal)


@cache
def _compiled(pattern: str) -> Any | None:
    try:
        return _re2.compile(pattern, _quiet)
    except _re2.error:
        return None
