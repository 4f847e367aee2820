"""What is told of a word that is none of those that are known."""

import difflib
from collections.abc import Iterable, Sequence


def meant(value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def one_of(known: Iterable[str], value: object) -> str:
    near = meant(str(value), list(known))
    return f"must be one of {', '.join(known)}" + (f"; {near}" if near else "")
