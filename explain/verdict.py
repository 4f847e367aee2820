"""What becomes of a request, in values."""

from dataclasses import dataclass

from explain.backends import Backend
from explain.filters import Answer
from explain.listeners import Listener
from explain.matches import Match
from explain.objects import Reference
from explain.policies import AppliedPolicy
from explain.request import Request


@dataclass(frozen=True)
class Taken:
    """The rule that takes the request, and all that it does with it.

    `hostname` is the one of the route and the listener that was chosen; `forwarded` is the request that backends see.
    With an `answer` Envoy answers by itself.
    """

    listener: Listener
    hostname: str
    route: Reference
    rule: int
    rule_name: str
    match: Match
    filters: tuple[str, ...]
    policies: tuple[AppliedPolicy, ...]
    backends: tuple[Backend, ...]
    forwarded: Request
    answer: Answer | None


@dataclass(frozen=True)
class Candidate:
    """What could have taken the request, and the first reason why it does not."""

    what: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """`request` has the path that Envoy compares. Where nothing takes it, `nearest` has what comes closest first.

    `refusal` says why Envoy looks at no route at all: its path is not allowed, or Envoy does not take the table of this
    port and keeps the one before, though every status says Accepted.
    """

    request: Request
    taken: Taken | None = None
    nearest: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def is_served(self) -> bool:
        """A backend, a redirect or a fixed answer of the rule takes it."""
        if self.taken is None or self.refusal:
            return False
        if self.taken.answer is not None:
            return self.taken.answer.status < 500
        return any(backend.weight and not backend.problem for backend in self.taken.backends)
