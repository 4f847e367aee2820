"""Denials: the 401 or 403 that Envoy answers before the 500 for something that Envoy Gateway refuses.

Envoy Gateway keeps the parts of a SecurityPolicy that it does not refuse, and Envoy applies them before a route answers
with 500. Credentials in the request are taken to be valid. Follows `translateSecurityPolicyForRoute` in
internal/gatewayapi and, for the order, `newOrderedHTTPFilter` in internal/xds/translator of Envoy Gateway 1.9.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from explain.applied_policies import AppliedPolicy
from explain.filters import Answer
from explain.matches import Match, cookies_of, parameters_of, path_matches
from explain.request import Request
from explain.server_errors import ServerErrors
from gatewayapi.fleets import envoy_proxies
from gatewayapi.kinds import ENVOY_GATEWAY
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import NotKnown, read, values

_CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
_ABLE_TO_ANSWER_FIRST = {
    "BackendTrafficPolicy": (("spec", "faultInjection"), ("spec", "responseOverride")),
    "ClientTrafficPolicy": (("spec", "headers", "earlyRequestHeaders"),),
}
"""Fields of other policies that answer, change an answer or add credentials before a SecurityPolicy decides."""


@dataclass(frozen=True)
class _Asked:
    """A request, and the parts of SecurityPolicies that Envoy applies to it, each with the policy that has it."""

    request: Request
    parts: dict[str, Manifest]
    lacks_locations: bool
    """Whether Envoy Gateway refuses to look up the locations of clients."""

    def settings(self, part: str) -> Any:
        return read(self.parts.get(part), "spec", part, default={})

    def has_credentials_for(self, part: str) -> bool:
        match part:
            case "apiKeyAuth":
                return any(_has_key(self.request, source) for source in values(self.settings(part), "extractFrom"))
            case "basicAuth":
                return dict(self.request.headers).get("authorization", "").lower().startswith("basic ")
            case _:
                return any(_has_token(self.request, one) for one in values(self.settings("jwt"), "providers"))

    @property
    def has_credentials(self) -> bool:
        return any(self.has_credentials_for(part) for part in ("apiKeyAuth", "basicAuth", "jwt"))


@dataclass(frozen=True)
class _Denied:
    status: int
    why: str


_Decision = _Denied | Literal[True] | None
"""Denied, True for passed, or None where that depends on more than the request."""


def denial(
    answer: Answer,
    applied: Sequence[AppliedPolicy],
    request: Request,
    gateway: Manifest,
    topology: Topology,
    errors: ServerErrors,
) -> Answer:
    """The answer with which a SecurityPolicy denies a request for which the rule has `answer`, else `answer`."""
    policies = [found for one in applied if one.applies and (found := topology.objects.find(one.policy))]
    security = [policy for policy in policies if policy["kind"] == "SecurityPolicy"]
    parts = {
        part: policy
        for part in _DECIDERS
        for policy in security
        if read(policy, "spec", part) is not None and not errors.leaves_out(policy, part)
    }
    # Two policies that are merged are judged by parts: those that both of them set are not predicted.
    unclear = {part for part in parts if sum(read(policy, "spec", part) is not None for policy in security) > 1}
    if _is_preflight(request) or _has_own_order(gateway, topology) or any(map(_may_answer_first, policies)):
        unclear = set(parts)
    asked = _Asked(request, parts, any(_lacks_locations(policy, topology, errors) for policy in security))
    is_extended = any(policy["kind"] == "EnvoyExtensionPolicy" for policy in policies)
    for part, policy in parts.items():
        decision = None if part in unclear else _DECIDERS[part](asked)
        if decision is True:
            continue
        name = ObjectName.of(policy)
        if decision is None or (part == "authorization" and is_extended):
            return replace(answer, reason=f"{answer.reason}; {name} may answer first ({part})")
        why = f"because {name} {decision.why} ({part}); a request that passes gets {answer.status}, {answer.reason}"
        return replace(answer, status=decision.status, reason=why, is_denial=True)
    return answer


def _csrf(asked: _Asked) -> _Decision:
    return None if asked.request.method in _CHANGING_METHODS else True


def _depends(_: _Asked) -> _Decision:
    return None


def _api_key(asked: _Asked) -> _Decision:
    return asked.has_credentials_for("apiKeyAuth") or _Denied(401, "needs an API key")


def _password(asked: _Asked) -> _Decision:
    return asked.has_credentials_for("basicAuth") or _Denied(401, "needs a user name and a password")


def _token(asked: _Asked) -> _Decision:
    settings = asked.settings("jwt")
    is_optional = read(settings, "optional") or read(settings, "failOpen")
    return bool(is_optional) or asked.has_credentials_for("jwt") or _Denied(401, "needs a JWT")


def _authorization(asked: _Asked) -> _Decision:
    """Whether the rules deny: the first that matches decides, else the default, which is to deny."""
    settings = asked.settings("authorization")
    possible: set[str] = set()
    for rule in values(settings, "rules"):
        found = _all(_conditions(rule, asked))
        if found is not False:
            possible.add(read(rule, "action", default="Deny"))
        if found:
            break
    else:
        possible.add(read(settings, "defaultAction", default="Deny"))
    if possible == {"Deny"}:
        return _Denied(403, "denies the request")
    return True if possible == {"Allow"} else None


_DECIDERS: dict[str, Callable[[_Asked], _Decision]] = {
    "csrf": _csrf,
    "extAuth": _depends,
    "apiKeyAuth": _api_key,
    "basicAuth": _password,
    "oidc": _depends,
    "jwt": _token,
    "authorization": _authorization,
}
"""The decision of each part of a SecurityPolicy, in the order in which Envoy applies them."""


def _conditions(rule: Manifest, asked: _Asked) -> list[bool | None]:
    """Whether the request meets each condition of a rule of `authorization`; None where only Envoy knows."""
    request = asked.request
    found: list[bool | None] = []
    if methods := read(rule, "operation", "methods"):
        found.append(request.method in methods)
    if path := read(rule, "operation", "path"):
        kind = read(path, "type", default="PathPrefix")
        met = path_matches(Match(path_kind=kind, path=read(path, "value", default="/")), request.path)
        # Envoy compares a regular expression with the path and its query.
        found.append(None if kind == "RegularExpression" else met != bool(read(path, "invert")))
    principal = read(rule, "principal", default={})
    for header in values(principal, "headers"):
        met = dict(request.headers).get(header["name"].lower()) in header["values"]
        # Envoy may set a header from credentials.
        found.append(None if asked.has_credentials and not met else met)
    if read(principal, "jwt") is not None:
        found.append(None if asked.has_credentials_for("jwt") else False)
    if read(principal, "clientIPGeoLocations"):
        found.append(False if asked.lacks_locations else None)
    if read(principal, "clientCIDRs") or read(rule, "cel"):
        found.append(None)
    return found


def _all(conditions: Sequence[bool | None]) -> bool | None:
    if False in conditions:
        return False
    return None if None in conditions else True


def _has_key(request: Request, source: Manifest) -> bool:
    names = {name.lower() for name in values(source, "headers")}
    return (
        any(name in names for name, _ in request.headers)
        or any(name in cookies_of(request) for name in values(source, "cookies"))
        or any(name in parameters_of(request) for name in values(source, "params"))
    )


def _has_token(request: Request, provider: Manifest) -> bool:
    places = read(provider, "extractFrom", default={}) or {
        "headers": [{"name": "authorization", "valuePrefix": "Bearer "}],
        "params": ["access_token"],
    }
    given = dict(request.headers)
    headers = {header["name"].lower(): read(header, "valuePrefix", default="") for header in values(places, "headers")}
    return (
        any(prefix in given[name] for name, prefix in headers.items() if name in given)
        or any(name in cookies_of(request) for name in values(places, "cookies"))
        or any(name in parameters_of(request) for name in values(places, "params"))
    )


def _is_preflight(request: Request) -> bool:
    names = {name for name, _ in request.headers}
    return request.method == "OPTIONS" and {"origin", "access-control-request-method"} <= names


def _lacks_locations(policy: Manifest, topology: Topology, errors: ServerErrors) -> bool:
    """Whether Envoy looks up no locations for a policy, nor for another one, which the listener may serve as well."""
    others = [other for other in topology.objects.of_kind(ENVOY_GATEWAY, "SecurityPolicy") if other != policy]
    looking_up = [other for other in others if _asks_for_locations(other) and not errors.lacks_locations(other)]
    return errors.lacks_locations(policy) and not looking_up


def _asks_for_locations(policy: Manifest) -> bool:
    rules = values(policy, "spec", "authorization", "rules")
    return any(read(rule, "principal", "clientIPGeoLocations") for rule in rules)


def _may_answer_first(policy: Manifest) -> bool:
    return any(read(policy, *path) is not None for path in _ABLE_TO_ANSWER_FIRST.get(policy["kind"], ()))


def _has_own_order(gateway: Manifest, topology: Topology) -> bool:
    """Whether an EnvoyProxy changes the order in which Envoy applies the parts."""
    try:
        return any(read(proxy, "spec", "filterOrder") for proxy in envoy_proxies(topology.objects, gateway))
    except NotKnown:
        return True
