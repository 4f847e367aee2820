"""Rules that no request can reach, because another one matches everything that they match.

The more specific match wins (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec), so a rule is certainly
unreachable only when all its matches equal those of another one. Between two routes the older one wins, then
the first by namespace and name. Which one is older is known only after `up`, yet one of the two gets no requests.
"""

from collections.abc import Hashable, Iterator
from typing import Any

from checks.rules.filters import route_filter
from diagnostics import Path, Problem, problem
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, kind_of
from kube.read import NotKnown, items, read, skip_unknown, values

_Matches = frozenset[Hashable]
_Place = tuple[Hashable, ...]


def unreachable_rules(topology: Topology) -> Iterator[tuple[Manifest, Problem]]:
    """Rules of all routes that get no request, because another rule takes them all."""
    first: dict[_Place, tuple[Manifest, int]] = {}
    streams: dict[_Place, Manifest] = {}
    for route in topology.routes("HTTPRoute", "GRPCRoute"):
        yield from ((route, found) for found in _behind_own_rules(topology, route))
        yield from ((route, found) for found in _behind_other_routes(topology, route, first))
    for route in topology.routes("TCPRoute", "UDPRoute"):
        yield from ((route, found) for found in _second_stream(topology, route, streams))


@skip_unknown
def _behind_own_rules(topology: Topology, route: Manifest) -> Iterator[Problem]:
    taken: dict[Hashable, int] = {}
    for path, _ in items(route, "spec", "rules"):
        matches, index = _matches(topology, route, path), int(path[-1])
        if matches <= taken.keys():
            yield problem("rule-unreachable", path, first=min(taken[match] for match in matches))
        taken = {**dict.fromkeys(matches, index), **taken}


@skip_unknown
def _behind_other_routes(
    topology: Topology, route: Manifest, first: dict[_Place, tuple[Manifest, int]]
) -> Iterator[Problem]:
    attached = topology.attached(route)
    for path, _ in items(route, "spec", "rules"):
        matches = _matches(topology, route, path)
        places = [(id(listener.owner), *listener.path, frozenset(hosts), matches) for listener, hosts in attached]
        rivals = [first.setdefault(place, (route, int(path[-1]))) for place in places]
        others = [(other, index) for other, index in rivals if other is not route]
        if others and len(others) == len(places):
            other, index = others[0]
            yield problem("rule-in-two-routes", path, index=index, other=ObjectName.of(other))


@skip_unknown
def _second_stream(topology: Topology, route: Manifest, first: dict[_Place, Manifest]) -> Iterator[Problem]:
    """TCPRoutes and UDPRoutes that get no connection: a listener sends all of them to a single route."""
    for listener, _ in topology.attached(route):
        place = id(listener.owner), *listener.path
        if (other := first.setdefault(place, route)) is not route:
            yield problem(
                "stream-route-second",
                ("spec", "parentRefs"),
                listener=listener,
                kind=kind_of(route),
                other=ObjectName.of(other),
            )


def _matches(topology: Topology, route: Manifest, path: Path) -> _Matches:
    """The matches of a rule. Raises NotKnown when an HTTPRouteFilter narrows them, or may narrow them."""
    for value in values(route, *path, "filters"):
        own = route_filter(topology, route, value)
        if read(value, "extensionRef") and (own is None or read(own, "spec", "matches")):
            raise NotKnown
    key = _grpc_match if kind_of(route) == "GRPCRoute" else _http_match
    return frozenset(key(match) for match in read(route, *path, "matches", default=[{}]))


def _http_match(match: Any) -> Hashable:
    # A trailing slash matters: /a and /a/ match the same paths, but Envoy Gateway puts the longer prefix first.
    return (
        read(match, "path", "type", default="PathPrefix"),
        read(match, "path", "value", default="/"),
        read(match, "method"),
        _conditions(match, "headers", lower=True),
        _conditions(match, "queryParams"),
    )


def _grpc_match(match: Any) -> Hashable:
    method = [read(match, "method", part, default="") for part in ("service", "method")]
    return read(match, "method", "type", default="Exact"), *method, _conditions(match, "headers", lower=True)


def _conditions(match: Any, field: str, *, lower: bool = False) -> Hashable:
    """Conditions in any order. Header names are compared without case."""
    names = [read(condition, "name", default="") for condition in values(match, field)]
    rest = [(read(condition, "type", default="Exact"), read(condition, "value")) for condition in values(match, field)]
    return frozenset(zip((name.lower() if lower else name for name in names), rest, strict=True))
