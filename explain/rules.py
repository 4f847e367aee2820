"""A route's rules, each with the matches of which any is enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from explain import regex
from explain.filters import extensions
from explain.matches import METHOD, PATH, Condition, Match
from explain.objects import Objects, Reference, Wire, part, parts

_REFUSING = "its regular expression {} is not RE2, so Envoy Gateway drops the rule"
_SERVICE, _GRPC_METHOD = r"(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*", "[A-Za-z_][A-Za-z_0-9]*"


@dataclass(frozen=True)
class Rule:
    """One rule of a route. Routes below HTTP have a single one, with all of their backends."""

    route: Reference
    index: int
    wire: Wire
    matches: tuple[Match, ...]

    @property
    def name(self) -> str:
        return self.wire.get("name") or ""

    @property
    def refusal(self) -> str:
        """Why Envoy Gateway leaves it out; empty when it does not."""
        patterns = [pattern for match in self.matches for pattern in _patterns(match)]
        return next((_REFUSING.format(pattern) for pattern in patterns if not regex.is_valid(pattern)), "")

    def __str__(self) -> str:
        return f"rule {self.index}{f' ({self.name})' if self.name else ''} of {self.route}"


def rules_of(route: Wire, objects: Objects) -> list[Rule]:
    reference = Reference.of(route)
    wires = parts(route, "spec", "rules") or [{}]
    if reference.kind not in ("HTTPRoute", "GRPCRoute"):
        pooled = {"backendRefs": [each for wire in wires for each in parts(wire, "backendRefs")]}
        return [Rule(reference, 0, {**wires[0], **pooled}, (Match(),))]
    return [Rule(reference, index, wire, _matches(wire, reference, objects)) for index, wire in enumerate(wires)]


def _matches(rule: Wire, route: Reference, objects: Objects) -> tuple[Match, ...]:
    filters = parts(rule, "filters")
    found = extensions(filters, route.namespace, objects)
    cookies: list[Wire] = [each for extension in found for each in parts(extension, "spec", "matches")]
    if route.kind == "GRPCRoute":
        return tuple(_of_grpc_rule(rule, cookies))
    return tuple(_of_http_rule(rule, cookies, cors=any(each["type"] == "CORS" for each in filters)))


def _patterns(match: Match) -> Iterator[str]:
    if match.path_kind == "RegularExpression":
        yield match.path
    for condition in (*match.headers, *match.cookies, *match.queries):
        if condition.kind == "RegularExpression":
            yield condition.value


def _of_http_rule(rule: Wire, cookie_matches: Sequence[Wire], *, cors: bool) -> list[Match]:
    """A rule's matches in order, any of which is enough; without one it takes every request.

    `cookie_matches` come from the HTTPRouteFilters of the rule. With a CORS filter, a match for one method takes a
    browser's preflight as well.
    """
    found: list[Match] = []
    for wire in parts(rule, "matches") or [{}]:
        path = part(wire, "path")
        headers = _conditions(parts(wire, "headers"))
        if method := wire.get("method"):
            headers += (Condition(METHOD, method),)
        for cookies in cookie_matches or [{}]:
            match = Match(
                path_kind=path.get("type") or "PathPrefix",
                path=path.get("value") or "/",
                headers=headers,
                cookies=_conditions(parts(cookies, "cookies")),
                queries=_conditions(parts(wire, "queryParams")),
            )
            found.append(match)
            if cors and method not in (None, "OPTIONS") and not match.cookies:
                found.append(_preflight(match))
    return found


def _of_grpc_rule(rule: Wire, cookie_matches: Sequence[Wire]) -> list[Match]:
    """As for HTTP: service and method are the path `/service/method`."""
    found: list[Match] = []
    for wire in parts(rule, "matches") or [{}]:
        call = _call(part(wire, "method"))
        headers = _conditions(parts(wire, "headers")) + call.pop("headers", ())
        for cookies in cookie_matches or [{}]:
            found.append(Match(headers=headers, cookies=_conditions(parts(cookies, "cookies")), **call))
    return found


def _preflight(match: Match) -> Match:
    asked = (Condition("origin", ".*", "RegularExpression"),)
    asked += (Condition("access-control-request-method", ".*", "RegularExpression"),)
    others = tuple(condition for condition in match.headers if condition.name != METHOD)
    return Match(match.path_kind, match.path, (*others, Condition(METHOD, "OPTIONS"), *asked), (), match.queries)


def _call(method: Wire) -> dict[str, Any]:
    service, name = method.get("service"), method.get("method")
    if method.get("type") == "RegularExpression" and (service or name):
        return {"path_kind": "RegularExpression", "path": f"/{service or _SERVICE}/{name or _GRPC_METHOD}"}
    if service and name:
        return {"path_kind": "Exact", "path": f"/{service}/{name}"}
    if service:
        return {"path": f"/{service}"}
    return {"headers": (Condition(PATH, f"/{name}", "Suffix"),)} if name else {}


def _conditions(wires: Sequence[Wire]) -> tuple[Condition, ...]:
    return tuple(Condition(wire["name"], wire.get("value") or "", wire.get("type") or "Exact") for wire in wires)
