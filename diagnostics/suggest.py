"""Suggest: the name that was probably meant, or the names that exist."""

import difflib
from collections.abc import Iterable, Sequence

_FEW = 12


def suggest(value: object, known: Iterable[object]) -> str:
    """`did you mean web?`, else `known: api, web` for a short list, else an empty string."""
    names = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(str(value).lower(), names, n=1)
    if near:
        return f"did you mean {names[near[0]]}?"
    return f"known: {', '.join(sorted(names.values()))}" if 0 < len(names) <= _FEW else ""


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; `nothing` for an empty sequence."""
    if not names:
        return "nothing"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
