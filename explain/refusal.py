"""Refusal: something that does not take a request, and the reason."""

from dataclasses import dataclass

from diagnostics.problem import Reason


@dataclass(frozen=True)
class Refusal:
    """A listener, route or rule that does not take a request. `reason` has a code of the catalogue."""

    what: str
    reason: Reason

    def __str__(self) -> str:
        return f"{self.what}: {self.reason.rule}"
