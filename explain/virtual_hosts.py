"""Virtual hosts: lists of matches by host name, to which Envoy Gateway translates listeners and routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from explain.matches import Match, precedence
from explain.refusal import Refusal
from explain.rules import Rule, rules_of
from explain.server_errors import ServerErrors
from gatewayapi import hostnames
from gatewayapi.kinds import GATEWAY_API, ROUTES
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import ObjectName


@dataclass(frozen=True)
class Entry:
    """A match in the list of one host name."""

    hostname: str
    listener: Listener
    rule: Rule
    match: Match


@dataclass(frozen=True)
class Table:
    """The lists of some listeners. `detached` has routes and rules that they refuse, drop or leave out."""

    entries: tuple[Entry, ...]
    detached: tuple[Refusal, ...]

    def list_for(self, host: str) -> tuple[Entry, ...]:
        """The list of the most specific host name that matches `host`. Envoy looks into no other one."""
        found = self._by_hostname
        best = next((pattern for pattern in hostnames.patterns_of(host) if pattern in found), None)
        return tuple(found[best]) if best is not None else ()

    @cached_property
    def _by_hostname(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.hostname, []).append(entry)
        return found


def table(serving: Sequence[Listener], topology: Topology, errors: ServerErrors) -> Table:
    """The table that the listeners `serving` of one fleet share.

    Of entries with the same host name, the first that matches takes the request.
    """
    entries: list[Entry] = []
    detached: list[Refusal] = []
    for route in topology.objects.of_kind(GATEWAY_API, *ROUTES):
        reached = [found for found in topology.known_attachments(route) if found.listener in serving]
        if not reached:
            continue
        rules = rules_of(route, topology)
        dropped = [rule.refusal for rule in rules if rule.refusal]
        left_out = errors.of_route(route, rules)
        for attachment in reached:
            listener = attachment.listener
            if listener is None:
                continue
            if attachment.refusal:
                detached.append(Refusal(str(ObjectName.of(route)), attachment.refusal))
            detached += [*dropped, *([left_out] if left_out else [])]
            if left_out:
                continue
            entries += [
                Entry(hostname, listener, rule, match)
                for hostname in attachment.hostnames
                for rule in rules
                if not rule.refusal
                for match in rule.matches
            ]
    entries.sort(key=lambda entry: precedence(entry.match), reverse=True)
    return Table(tuple(entries), tuple(dict.fromkeys(detached)))
