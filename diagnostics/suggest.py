"""Which of the names that there are was meant."""

import difflib
from collections.abc import Sequence

_FEW = 6


def instead(name: str, names: Sequence[str]) -> str:
    """The cure for a name that nothing has: the one most like it, or those that there are."""
    if near := difflib.get_close_matches(name, names, 1):
        return f"did you mean {near[0]}?"
    return f"there {'is' if len(names) == 1 else 'are'} {listed(sorted(names))}" if 0 < len(names) <= _FEW else ""


def listed(names: Sequence[str]) -> str:
    """One, two and three."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
