"""Outcomes: the end of a request in a form in which two ends can be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from compare.guards import Guard, canonical
from compare.side import Side
from explain.backends import Backend
from explain.filters import FIXED_ANSWER, Answer, extensions
from explain.request import Request
from explain.verdict import Taken, Verdict
from explain.virtual_hosts import Entry
from gatewayapi.fleets import Fleet
from gatewayapi.listeners import Listener
from kube.manifest import Manifest
from kube.merge import merge
from kube.read import NotKnown, read, values

_GUARDS = {
    ("SecurityPolicy", "apiKeyAuth"): "API key",
    ("SecurityPolicy", "basicAuth"): "password",
    ("SecurityPolicy", "oidc"): "OIDC",
    ("SecurityPolicy", "jwt"): "JWT",
    ("SecurityPolicy", "extAuth"): "external authorization",
    ("SecurityPolicy", "authorization"): "addresses and rules",
    ("SecurityPolicy", "cors"): "CORS",
    ("SecurityPolicy", "csrf"): "CSRF",
    ("BackendTrafficPolicy", "rateLimit"): "rate limit",
    ("EnvoyExtensionPolicy", "extProc"): "external processing",
    ("EnvoyExtensionPolicy", "lua"): "Lua",
    ("EnvoyExtensionPolicy", "wasm"): "Wasm",
    ("EnvoyExtensionPolicy", "dynamicModule"): "dynamic module",
}
"""Parts of policies that keep clients out, with the name of each guard."""
_TARGETING = ("targetRef", "targetRefs", "targetSelectors", "mergeType")
_OF_MATCHING = ("name", "matches", "filters", "backendRefs")
_DEPENDS = "depends on a value that is known only after `up`"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a request, without the names of listener, route and policies, which no client sees."""

    end: str = ""
    """The answer of Envoy itself, or what else the client sees; empty when backends get the request."""
    backends: tuple[str, ...] = ()
    """Backends with their share, such as `web:80 100 %`."""
    workloads: tuple[str, ...] = ()
    """The backends that get requests, with kind and namespace."""
    forwarded: str = ""
    """Host and path that the backend gets, where they are not those of the request."""
    filters: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """Other settings of the policies on the way, by kind and field, as canonical JSON."""

    @property
    def is_served(self) -> bool:
        """Whether a rule takes the request, and does not answer with an error."""
        return bool(self.workloads) or (bool(self.end) and self.end.startswith(("2", "3")))

    @property
    def way(self) -> str:
        """The backends with their shares, or the answer."""
        return self.end or ", ".join(self.backends)


def outcome(verdict: Verdict, request: Request, side: Side) -> Outcome:
    """The outcome of a request that got a verdict."""
    if verdict.refusal:
        return Outcome(end=f"refused: {verdict.refusal.reason.rule}")
    if verdict.taken is None:
        untaken = verdict.untaken
        return Outcome(end="404" if untaken is None or untaken.end == "not-found" else untaken.end.replace("-", " "))
    return _of_taken(verdict.taken, verdict.request, side)


def ask(side: Side, request: Request, fleet: Fleet | None) -> tuple[Outcome, Verdict | None]:
    """The outcome of a request to one Gateway of a side, and the verdict; none for a Gateway that does not exist."""
    if fleet is None:
        return Outcome(end="no Gateway"), None
    try:
        verdict = side.evaluator.verdict(request, fleet=fleet, in_detail=False)
        return outcome(verdict, request, side), verdict
    except NotKnown:
        return Outcome(end=_DEPENDS), None


def outcome_of_rule(entry: Entry, request: Request, side: Side) -> Outcome:
    """The outcome of a request that the match of `entry` takes."""
    try:
        return _of_taken(side.evaluator.taken(entry, request), request, side)
    except NotKnown:
        return Outcome(end=_DEPENDS)


def _of_taken(taken: Taken, request: Request, side: Side) -> Outcome:
    guards, settings = _applied(taken, side)
    answered = Outcome(guards=guards, settings=settings, filters=taken.filters)
    if taken.answer is not None:
        return replace(answered, end=_answer(taken.answer, request), filters=_steps(taken, request))
    used = [backend for backend in taken.backends if backend.weight]
    return replace(
        answered,
        backends=tuple(_backend(backend) for backend in used),
        workloads=tuple(sorted({str(backend) for backend in used if not backend.refusal})),
        forwarded=_forwarded(taken.forwarded, request),
        filters=_steps(taken, request),
    )


def _answer(answer: Answer, request: Request) -> str:
    if answer.location:
        return f"{answer.status} to {_relative(answer.location, request)}"
    if answer.refusal or answer.is_denial or not answer.reason.startswith(FIXED_ANSWER):
        return "500"  # a denial comes before the 500 of something that Envoy Gateway refuses
    return f"{answer.status} (fixed answer)"


def _relative(location: str, request: Request) -> str:
    """A URL with words for the parts that are those of the request, so that the same redirect has the same text."""
    parts = urlsplit(location)
    host = "the same host" if parts.hostname == request.host else parts.hostname or ""
    port = f":{parts.port}" if parts.port is not None else ""
    path = "the same path" if parts.path == request.path else parts.path
    return f"{parts.scheme}, {host}{port}, {path}"


def _forwarded(forwarded: Request, request: Request) -> str:
    host = f"host {forwarded.host}" if forwarded.host != request.host else ""
    path = f"path {forwarded.path}" if forwarded.path != request.path else ""
    return ", ".join(part for part in (host, path) if part)


def _backend(backend: Backend) -> str:
    target = f"{backend.target.name}{'' if backend.port is None else f':{backend.port}'}"
    refused = " (500)" if backend.refusal else ""
    extra = f" [{'; '.join(backend.filters)}]" if backend.filters else ""
    return f"{target} {backend.share * 100:.4g} %{extra}{refused}"


def _steps(taken: Taken, request: Request) -> tuple[str, ...]:
    """The filters, apart from those whose effect the answer or the forwarded request shows."""
    return tuple(step for step in taken.filters if not step.startswith(("RequestRedirect", "URLRewrite")))


def _applied(taken: Taken, side: Side) -> tuple[tuple[Guard, ...], tuple[tuple[str, str], ...]]:
    """The guards and the other settings on the way of a request."""
    by_kind: dict[str, Mapping[str, Any]] = {}
    left_out: set[tuple[str, str]] = set()
    # A policy that is merged over another one comes first.
    for applied in taken.policies:
        policy = side.topology.objects.find(applied.policy) if applied.applies else None
        if policy is None:
            continue
        kind = applied.policy.kind
        for field in policy["spec"]:
            if kind == "SecurityPolicy" and side.evaluator.errors.leaves_out(policy, field):
                left_out.add((kind, field))
        own = {name: value for name, value in policy["spec"].items() if name not in _TARGETING}
        # Each backend has its own policy.
        key = f"{kind} {applied.policy.name}" if kind == "BackendTLSPolicy" else kind
        by_kind[key] = merge(own, by_kind.get(key, {}))
    guards: dict[str, Guard] = {}
    settings: list[tuple[str, str]] = []
    for kind, spec in by_kind.items():
        for field, value in spec.items():
            name = _GUARDS.get((kind, field))
            if name and (kind, field) not in left_out:
                guards[name] = Guard.of(name, value)
            elif not name and not (kind == "ClientTrafficPolicy" and field == "tls"):
                settings.append((f"{kind} {field}", canonical(value)))
        if kind == "ClientTrafficPolicy" and "tls" in spec:
            rest = {name: value for name, value in spec["tls"].items() if name != "clientValidation"}
            settings += [(f"{kind} tls", canonical(rest))] if rest else []
    if certificate := _client_certificate(taken.listener, by_kind.get("ClientTrafficPolicy", {})):
        guards[certificate.kind] = certificate
    route: Manifest = side.topology.objects.find(taken.route) or {}
    rule: Manifest = read(route, "spec", "rules", taken.rule, default={})
    for name, body in _guarding_filters(rule):
        guards[name] = Guard.of(name, body)
    for extension in extensions(values(rule, "filters"), route, side.topology):
        settings.append((f"HTTPRouteFilter {extension['metadata']['name']}", canonical(extension["spec"])))
    settings += [(f"rule {name}", canonical(value)) for name, value in rule.items() if name not in _OF_MATCHING]
    ordered = sorted(guards.values(), key=lambda guard: guard.kind)
    return tuple(ordered), tuple(sorted(settings))


def _client_certificate(listener: Listener, client: Mapping[str, Any]) -> Guard | None:
    """The client certificate that a listener with TLS asks for, by a policy or by its Gateway."""
    if not listener.terminates_tls:
        return None
    found = read(client, "tls", "clientValidation")
    if found is None:
        frontend = read(listener.gateway, "spec", "tls", "frontend")
        own = [one for one in values(frontend, "perPort") if read(one, "port") == listener.port]
        found = read(own[0], "tls", "validation") if own else read(frontend, "default", "validation")
    return Guard.of("client certificate", found) if found is not None else None


def _guarding_filters(rule: Manifest) -> Iterator[tuple[str, Any]]:
    for value in values(rule, "filters"):
        if value.get("type") == "CORS":
            yield "CORS", value.get("cors") or {}
