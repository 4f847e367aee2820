"""Rules that no request can reach: another one takes everything they match.

By https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec the more specific match goes first, so that a rule is
only shadowed for certain when all its matches are another one's, word for word. Of two routes the older goes first,
then the first by namespace and name: which is the older nobody knows before `up`, yet one of them gets nothing.
"""

from collections.abc import Hashable, Iterator
from typing import Any

from checks.rules.filters import extension
from diagnostics.problem import Mistake, Path
from gatewayapi.attachment import attachments
from gatewayapi.objects import GATEWAY_API, Stack, Wire, kind_of, precedence, shown
from kube.read import NotKnown, items, judged, read

_Matches = frozenset[Hashable]
_Place = tuple[Hashable, ...]


def mistakes(stack: Stack) -> Iterator[tuple[Wire, Mistake]]:
    first: dict[_Place, tuple[Wire, int]] = {}
    streams: dict[_Place, Wire] = {}
    for route in sorted(stack.named(GATEWAY_API, "HTTPRoute", "GRPCRoute"), key=precedence):
        yield from ((route, mistake) for mistake in _within(stack, route))
        yield from ((route, mistake) for mistake in _among(stack, route, first))
    for route in sorted(stack.named(GATEWAY_API, "TCPRoute", "UDPRoute"), key=precedence):
        yield from ((route, mistake) for mistake in _of_stream(stack, route, streams))


@judged
def _within(stack: Stack, route: Wire) -> Iterator[Mistake]:
    """Rules of which earlier ones of the route take every match."""
    taken: dict[Hashable, int] = {}
    for path, _ in items(route, "spec", "rules"):
        matches, index = _matches(stack, route, path), int(path[-1])
        if matches <= taken.keys():
            by = min(taken[match] for match in matches)
            yield Mistake(path=path, rule=f"matches nothing that rule {by} does not match first", cure="remove it")
        taken = {**dict.fromkeys(matches, index), **taken}


@judged
def _among(stack: Stack, route: Wire, first: dict[_Place, tuple[Wire, int]]) -> Iterator[Mistake]:
    """Rules that another route has for the same listener and hosts."""
    attached = attachments(stack, route)
    for path, _ in items(route, "spec", "rules"):
        matches = _matches(stack, route, path)
        places = [(id(each.listener.owner), *each.listener.path, each.hosts, matches) for each in attached]
        rivals = [first.setdefault(place, (route, int(path[-1]))) for place in places]
        others = [(other, index) for other, index in rivals if other is not route]
        if others and len(others) == len(places):
            other, index = others[0]
            rule = f"rule {index} of {shown(other)} matches just the same for the same hosts"
            yield Mistake(path=path, rule=f"{rule}; only the older route gets requests", cure="remove one of the two")


@judged
def _of_stream(stack: Stack, route: Wire, first: dict[_Place, Wire]) -> Iterator[Mistake]:
    """A listener sends its connections to one TCPRoute or UDPRoute."""
    for each in attachments(stack, route):
        place = id(each.listener.owner), *each.listener.path
        if (other := first.setdefault(place, route)) is not route:
            rule = f"{each.listener} serves one {kind_of(route)}, and {shown(other)} is attached to it"
            cure = "attach one of them to another listener"
            yield Mistake(path=("spec", "parentRefs"), rule=rule, cure=cure)


def _matches(stack: Stack, route: Wire, path: Path) -> _Matches:
    """A filter of Envoy Gateway may narrow what a rule matches. Raises NotKnown when one does, or may."""
    for _, each in items(route, *path, "filters"):
        own = extension(stack, route, each)
        if read(each, "extensionRef") and (own is None or read(own, "spec", "matches")):
            raise NotKnown
    key = _of_grpc if kind_of(route) == "GRPCRoute" else _of_http
    return frozenset(key(match) for match in read(route, *path, "matches", default=[{}]))


def _of_http(match: Any) -> Hashable:
    path = read(match, "path", "value", default="/")
    kind = read(match, "path", "type", default="PathPrefix")
    if kind == "PathPrefix":
        path = path.removesuffix("/")
    return kind, path, read(match, "method"), _pairs(match, "headers", lower=True), _pairs(match, "queryParams")


def _of_grpc(match: Any) -> Hashable:
    method = [read(match, "method", part, default="") for part in ("service", "method")]
    return read(match, "method", "type", default="Exact"), *method, _pairs(match, "headers", lower=True)


def _pairs(match: Any, field: str, *, lower: bool = False) -> Hashable:
    """Conditions in any order; the names of headers in any case."""
    names = [read(each, "name", default="") for _, each in items(match, field)]
    rest = [(read(each, "type", default="Exact"), read(each, "value")) for _, each in items(match, field)]
    return frozenset(zip((name.lower() if lower else name for name in names), rest, strict=True))
