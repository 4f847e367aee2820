"""What Envoy Gateway makes of listeners and routes: for each host name, a list of matches in the order of trying."""

from collections.abc import Sequence
from dataclasses import dataclass

from explain.attachment import attachments
from explain.listeners import Listener
from explain.matches import Match, precedence
from explain.objects import Objects, Reference
from explain.rules import Rule, rules_of
from gatewayapi import hostnames


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
    """That of the listeners `serving`, which are among all `listeners` of one fleet of Envoys.

    Of entries with one host name, the first that matches takes the request.
    """
    entries: list[Entry] = []
    detached: list[Detached] = []
    kinds = dict.fromkeys(kind for listener in serving for kind in (*listener.kinds, "HTTPRoute", "GRPCRoute"))
    for route in objects.of_kind(*kinds):
        of_route = rules_of(route, objects)
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
