"""Verdict: the outcome of a request, as values."""

from dataclasses import dataclass

from explain.applied_policies import AppliedPolicy
from explain.backends import Backend
from explain.filters import Answer
from explain.matches import Match
from explain.refusal import Refusal
from explain.request import Request
from explain.untaken import Untaken
from gatewayapi.listeners import Listener
from kube.manifest import ObjectName


@dataclass(frozen=True)
class Taken:
    """The rule that takes a request, and everything that it does with it.

    `hostname` is the chosen host name of route and listener; `forwarded` is the request that backends get. With an
    `answer` Envoy answers itself.
    """

    listener: Listener
    hostname: str
    route: ObjectName
    rule: int
    rule_name: str
    match: Match
    filters: tuple[str, ...]
    policies: tuple[AppliedPolicy, ...]
    backends: tuple[Backend, ...]
    forwarded: Request
    answer: Answer | None


@dataclass(frozen=True)
class Verdict:
    """The outcome of a request. `request` has the path that Envoy compares.

    If nothing takes it, `untaken` is what the client sees, and `nearest` lists the rules and listeners that could have
    taken it, the closest first, each with its first reason. With a `refusal` Envoy looks at no route: the path is not
    allowed, or Envoy rejects the route table of the port and keeps the one before, while every status says Accepted.
    """

    request: Request
    taken: Taken | None = None
    nearest: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: Refusal | None = None
    untaken: Untaken | None = None
    redirect: str = ""
    """The path and query to which Envoy redirects the request first, because of an escaped slash."""

    @property
    def is_served(self) -> bool:
        """Whether a backend, a redirect or a fixed answer of the rule takes the request."""
        if self.taken is None or self.refusal:
            return False
        if self.taken.answer is not None:
            return self.taken.answer.status < 500 and not self.taken.answer.is_denial
        return any(backend.weight and not backend.refusal for backend in self.taken.backends)
