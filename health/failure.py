"""One thing that is not as it should be."""

from typing import NamedTuple


class Container(NamedTuple):
    """A container that ended, and where its last words are: with `previous`, it has been started again since."""

    namespace: str
    pod: str
    name: str
    previous: bool


class Failure(NamedTuple):
    """`reason` is the one-word reason of a condition or a container, which cures.py goes by; "" where there is none.

    `subject` is the part of the object that it is about, as in `listener http`.
    """

    reason: str
    message: str
    subject: str = ""
    ended: Container | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.subject, self.reason, self.message) if part)
