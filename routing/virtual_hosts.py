"""What Envoy Gateway makes of listeners and routes: for each host name, a list of matches in the order of trying."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from routing import hostnames, regex
from routing.attachment import attachments
from routing.filters import extensions
from routing.listeners import Listener
from routing.matches import Match, of_grpc_rule, of_http_rule, precedence
from routing.objects import Objects, Reference, Wire, parts

_REFUSING = "its regular expression {} is not RE2, so Envoy Gateway drops the rule"


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


@dataclass(frozen=True)
class Entry:
    """A match in the list of the host name `hostname`."""

    hostname: str
    listener: Listener
    rule: Rule
    match: Match


@dataclass(frozen=True)
class Detached:
    """A route that a listener does not take, though the route asks for it."""

    route: Reference
    refusal: str


@dataclass(frozen=True)
class Table:
    """The lists of some listeners. What does not reach them is in `detached`."""

    entries: tuple[Entry, ...]
    detached: tuple[Detached, ...]

    def list_for(self, host: str) -> tuple[Entry, ...]:
        """That of the most specific host name that takes `host`. Envoy looks into no other one."""
        takers = {entry.hostname for entry in self.entries if hostnames.takes(entry.hostname, host)}
        best = max(takers, key=hostnames.specificity, default=None)
        return tuple(entry for entry in self.entries if entry.hostname == best)

    @property
    def contested(self) -> dict[str, tuple[Listener, ...]]:
        """Host names that more than one listener serves."""
        serving: dict[str, dict[Listener, None]] = {}
        for entry in self.entries:
            serving.setdefault(entry.hostname, {})[entry.listener] = None
        return {hostname: tuple(listeners) for hostname, listeners in serving.items() if len(listeners) > 1}


def table(serving: Sequence[Listener], listeners: Sequence[Listener], objects: Objects) -> Table:
    """That of the listeners `serving`, which are among all `listeners` of one Gateway.

    Of entries with one host name, the first that matches takes the request.
    """
    entries: list[Entry] = []
    detached: list[Detached] = []
    kinds = dict.fromkeys(kind for listener in serving for kind in (*listener.kinds, "HTTPRoute", "GRPCRoute"))
    for route in objects.of_kind(*kinds):
        of_route = rules(route, objects)
        for attachment in attachments(route, listeners, objects):
            if attachment.listener not in serving:
                continue
            if attachment.refusal:
                detached.append(Detached(Reference.of(route), attachment.refusal))
            detached += [
                Detached(each.route, f"rule {each.index}: {each.refusal}") for each in of_route if each.refusal
            ]
            entries += [
                Entry(hostname, attachment.listener, rule, match)
                for hostname in attachment.hostnames
                for rule in of_route
                if not rule.refusal
                for match in rule.matches
            ]
    entries.sort(key=lambda entry: precedence(entry.match), reverse=True)
    return Table(tuple(entries), tuple(dict.fromkeys(detached)))


def rules(route: Wire, objects: Objects) -> list[Rule]:
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
        return tuple(of_grpc_rule(rule, cookies))
    return tuple(of_http_rule(rule, cookies, cors=any(each["type"] == "CORS" for each in filters)))


def _patterns(match: Match) -> Iterator[str]:
    if match.path_kind == "RegularExpression":
        yield match.path
    for condition in (*match.headers, *match.cookies, *match.queries):
        if condition.kind == "RegularExpression":
            yield condition.value
