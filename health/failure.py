"""Failure: why an object is not ready."""

from typing import NamedTuple


class Container(NamedTuple):
    """A terminated container. Its logs show the reason; with `previous`, the logs before its restart."""

    namespace: str
    pod: str
    name: str
    previous: bool


class Failure(NamedTuple):
    """One failure. `reason` is the one-word reason of a condition or container, by which fixes.py finds a fix.

    `subject` is a part of the object, such as `listener http`.
    """

    reason: str
    message: str
    subject: str = ""
    ended: Container | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.subject, self.reason, self.message) if part)
