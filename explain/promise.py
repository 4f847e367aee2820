"""Promise: how a request must end, and whether it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from explain.request import Request
from explain.verdict import Taken, Verdict
from kube.manifest import ObjectName
from kube.read import read

_PATH_REJECTED = 400
_FIRST_ERROR = 400
_ANSWERING = ("BackendTrafficPolicy", "EnvoyExtensionPolicy", "SecurityPolicy")
"""Kinds of policies by which Envoy may answer a request that a rule would send to a backend."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a request ends, as far as it is known."""

    text: str
    """In words, after `GET http://example.com/`."""
    backends: frozenset[str] | None = frozenset()
    """Objects of which one gets the request, such as `Service chat/api`; empty if none does, None if not known."""
    status: int | None = None
    """Status code of the answer; None if there is none, or if it is not known."""
    headers: Mapping[str, str] | None = None
    """Headers of the answer, with lower-case names; None if not known."""
    is_certain: bool = True
    """Whether no policy may answer before."""

    @classmethod
    def of(cls, verdict: Verdict) -> "Ending":
        """The end that a verdict says."""
        taken = verdict.taken
        if verdict.redirect:
            headers = {"location": verdict.redirect}
            return cls(text=f"is redirected to {verdict.redirect} with 307", status=307, headers=headers)
        if verdict.refusal:
            is_path = verdict.refusal.reason.code == "request-path-rejected"
            return cls(text=f"is refused: {verdict.refusal}", status=_PATH_REJECTED if is_path else None)
        if taken is None:
            is_answer = verdict.untaken is not None and verdict.untaken.end == "not-found"
            return cls(text=f"is taken by no rule: {verdict.untaken}", status=404 if is_answer else None)
        is_certain = not _may_answer_before(taken)
        if taken.answer is None:
            names = frozenset(
                str(backend.target) for backend in taken.backends if backend.weight and not backend.refusal
            )
            return cls(text=f"goes to {' or '.join(sorted(names))}", backends=names, is_certain=is_certain)
        answer = taken.answer
        if answer.location:
            text, headers = f"is redirected to {answer.location} with {answer.status}", {"location": answer.location}
            return cls(text=text, status=answer.status, headers=headers, is_certain=is_certain)
        is_certain = is_certain or answer.is_denial
        return cls(text=f"gets {answer.status}: {answer.reason}", status=answer.status, is_certain=is_certain)

    def contradicts(self, seen: "Ending") -> bool:
        """Whether this end, which was predicted, cannot be the one that was seen on Envoy."""
        if self.backends:
            return not seen.backends <= self.backends if seen.backends else self.is_certain
        if seen.backends:
            return True
        if self.status is None or not self.is_certain:
            return False
        location = _location(self)
        return seen.status != self.status or (location is not None and _location(seen) != location)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A request, and how it must end: at `backend`, or with an answer of Envoy itself that has `status`."""

    request: Request
    backend: ObjectName | None = None
    status: int | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers that the answer must have."""

    def broken_by(self, ending: Ending) -> str | None:
        """The part of the promise that the ending breaks: `backend`, `status`, `location` or the name of a header.

        What is not known of the ending breaks nothing.
        """
        if ending.backends is None:
            return self._broken_by_answer(ending)
        if self.backend is not None:
            return self._broken_by_headers(ending) if str(self.backend) in ending.backends else "backend"
        if ending.backends:
            return "status" if ending.is_certain else None
        return self._broken_by_answer(ending)

    def _broken_by_answer(self, ending: Ending) -> str | None:
        if self.status is not None and ending.status != self.status:
            return "status" if ending.is_certain else None
        if self.status is None and (ending.status is None or ending.status >= _FIRST_ERROR):
            return "backend"
        return self._broken_by_headers(ending)

    def _broken_by_headers(self, ending: Ending) -> str | None:
        wanted = {name.lower(): value for name, value in self.headers.items()}
        if ending.headers is None:
            return None
        if self.location is not None and ending.headers.get("location") != self.location:
            return "location"
        return next((name for name, value in wanted.items() if ending.headers.get(name) != value), None)


def _location(ending: Ending) -> str | None:
    return ending.headers.get("location") if ending.headers else None


def _may_answer_before(taken: Taken) -> bool:
    """Whether a policy, a filter or the check of a client's certificate may end the request before the rule does."""
    kinds = {each.policy.kind for each in taken.policies if each.applies}
    if any(step.startswith("CORS") for step in taken.filters) or not kinds.isdisjoint(_ANSWERING):
        return True
    has_validation = "ClientTrafficPolicy" in kinds or read(taken.listener.gateway, "spec", "tls", "frontend")
    return taken.listener.terminates_tls and bool(has_validation)
