"""Rules of a route, each with its matches, any of which is enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.problem import reason
from explain import regex
from explain.filters import extensions
from explain.matches import METHOD, PATH, Condition, Match
from explain.refusal import Refusal
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import read, values

_SERVICE, _GRPC_METHOD = r"(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*", "[A-Za-z_][A-Za-z_0-9]*"


@dataclass(frozen=True)
class Rule:
    """One rule of a route. A route without HTTP has a single rule, with all of its backends."""

    route: ObjectName
    index: int
    manifest: Manifest
    matches: tuple[Match, ...]

    @property
    def name(self) -> str:
        return self.manifest.get("name") or ""

    @property
    def refusal(self) -> Refusal | None:
        """The reason why Envoy Gateway drops the rule; None when it does not."""
        patterns = [pattern for match in self.matches for pattern in _patterns(match)]
        if self.route.kind == "GRPCRoute":
            patterns += _patterns_of_calls(self.manifest)
        invalid = next((pattern for pattern in patterns if not regex.is_valid(pattern)), None)
        return None if invalid is None else Refusal(str(self), reason("rule-regex-invalid", pattern=invalid))

    def __str__(self) -> str:
        return f"rule {self.index}{f' ({self.name})' if self.name else ''} of {self.route}"


def rules_of(route: Manifest, topology: Topology) -> list[Rule]:
    """All rules of a route in order."""
    name = ObjectName.of(route)
    rules = values(route, "spec", "rules") or [{}]
    if name.kind not in ("HTTPRoute", "GRPCRoute"):
        return [Rule(name, 0, rules[0], (Match(),))]
    return [Rule(name, index, rule, _matches(rule, route, topology)) for index, rule in enumerate(rules)]


def _matches(rule: Manifest, route: Manifest, topology: Topology) -> tuple[Match, ...]:
    filters = values(rule, "filters")
    found = extensions(filters, route, topology)
    # Envoy Gateway refuses the matches of a second filter.
    with_matches = [matches for extension in found if (matches := values(extension, "spec", "matches"))]
    cookies: list[Manifest] = with_matches[0] if with_matches else []
    if route["kind"] == "GRPCRoute":
        return tuple(_grpc_matches(rule, cookies))
    return tuple(_http_matches(rule, cookies, cors=any(value["type"] == "CORS" for value in filters)))


def _patterns(match: Match) -> Iterator[str]:
    if match.path_kind == "RegularExpression":
        yield match.path
    for condition in (*match.headers, *match.cookies, *match.queries):
        if condition.kind == "RegularExpression":
            yield condition.value


def _patterns_of_calls(rule: Manifest) -> Iterator[str]:
    """The patterns of services and methods, which Envoy Gateway checks before it joins them to one for the path."""
    for match in values(rule, "matches"):
        method: Manifest = read(match, "method", default={})
        if method.get("type") == "RegularExpression":
            yield from (method[part] for part in ("service", "method") if method.get(part))


def _http_matches(rule: Manifest, cookie_matches: Sequence[Manifest], *, cors: bool) -> list[Match]:
    """The matches of a rule in order; a rule without any matches every request.

    `cookie_matches` come from the HTTPRouteFilters of the rule. With a CORS filter, a match for one method also takes a
    browser's preflight.
    """
    found: list[Match] = []
    for wanted in values(rule, "matches") or [{}]:
        path = read(wanted, "path", default={})
        headers = _conditions(values(wanted, "headers"))
        if method := wanted.get("method"):
            headers += (Condition(METHOD, method),)
        for cookies in cookie_matches or [{}]:
            match = Match(
                path_kind=path.get("type") or "PathPrefix",
                path=path.get("value") or "/",
                headers=headers,
                cookies=_conditions(values(cookies, "cookies")),
                queries=_conditions(values(wanted, "queryParams")),
            )
            found.append(match)
            if cors and method not in (None, "OPTIONS") and not match.cookies:
                found.append(_preflight(match))
    return found


def _grpc_matches(rule: Manifest, cookie_matches: Sequence[Manifest]) -> list[Match]:
    """The matches of a gRPC rule: service and method are the path `/service/method`."""
    found: list[Match] = []
    for wanted in values(rule, "matches") or [{}]:
        call = _call(read(wanted, "method", default={}))
        headers = _conditions(values(wanted, "headers")) + call.pop("headers", ())
        for cookies in cookie_matches or [{}]:
            found.append(Match(headers=headers, cookies=_conditions(values(cookies, "cookies")), **call))
    return found


def _preflight(match: Match) -> Match:
    asked = (Condition("origin", ".*", "RegularExpression"),)
    asked += (Condition("access-control-request-method", ".*", "RegularExpression"),)
    others = tuple(condition for condition in match.headers if condition.name != METHOD)
    return Match(match.path_kind, match.path, (*others, Condition(METHOD, "OPTIONS"), *asked), (), match.queries)


def _call(method: Any) -> dict[str, Any]:
    service, name = method.get("service"), method.get("method")
    if method.get("type") == "RegularExpression" and (service or name):
        return {"path_kind": "RegularExpression", "path": f"/{service or _SERVICE}/{name or _GRPC_METHOD}"}
    if service and name:
        return {"path_kind": "Exact", "path": f"/{service}/{name}"}
    if service:
        return {"path": f"/{service}"}
    return {"headers": (Condition(PATH, f"/{name}", "Suffix"),)} if name else {}


def _conditions(matches: Sequence[Manifest]) -> tuple[Condition, ...]:
    return tuple(Condition(match["name"], match.get("value") or "", match.get("type") or "Exact") for match in matches)
