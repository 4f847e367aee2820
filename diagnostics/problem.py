"""One thing that the API server would refuse."""

import re
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
_FIELD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What is wrong at one place of an object."""

    path: Path
    """From the object's root: names of fields and keys, numbers of items."""
    value: Any = None
    """What stands there; None when nothing does."""
    rule: str
    """What must hold. For a CEL rule, the words of the CRD."""
    cure: str = ""
    """What to change; empty when nothing is known to help."""

    @property
    def field(self) -> str:
        """The path as Kubernetes prints it, such as `spec.rules[0].matches[1].path.value`."""
        return "".join(map(_step, self.path)).removeprefix(".")

    def __str__(self) -> str:
        shown = f" = {_shown(self.value)}" if isinstance(self.value, str | int | float) else ""
        return f"{self.field}{shown}: {self.rule}" + (f" ({self.cure})" if self.cure else "")


def _step(step: str | int) -> str:
    return f".{step}" if isinstance(step, str) and _FIELD.fullmatch(step) else f"[{step}]"


def _shown(value: str | float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
