"""Suggest: the name that was probably meant, or the names that exist."""

import difflib
from collections.abc import Iterable, Sequence

_FEW = 12


def closest(value: object, known: Iterable[object]) -> str | None:
    """The name most like `value`; None when no name is."""
    names = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(str(value).lower(), names, n=1)
    return names[near[0]] if near else None


def suggest(value: object, known: Iterable[object]) -> str:
    """`did you mean web?`, else `known: api, web` for a short list, else an empty string."""
    names = sorted({str(name) for name in known})
    if meant := closest(value, names):
        return f"did you mean {meant}?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= _FEW else ""


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; `nothing` for an empty sequence."""
    if not names:
        return "nothing"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
