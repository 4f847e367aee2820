"""Contested hosts: host names that Envoy would have twice on one port.

Listeners without TLS share Envoy's route table of the port, and TLSRoutes its list of SNI host names. Envoy takes a
name only once: it rejects the whole table or list and keeps the one before, while every status says Accepted. An HTTPS
listener has a table of its own, and of several TCPRoutes only one gets a filter chain.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import Manifest, kind_of
from kube.read import skip_unknown

KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute")
"""Kinds of routes that have host names in Envoy."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A host name that a listener serves for a route."""

    hostname: str
    listener: Listener
    route: Manifest


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Two claims to one host name on a port of the same Envoys."""

    first: Claim
    """The claim of the oldest route."""
    other: Claim

    @property
    def is_between_listeners(self) -> bool:
        """Whether two listeners serve the host name; otherwise two TLSRoutes of one listener have it."""
        return self.first.listener is not self.other.listener


def contests(topology: Topology, routes: Iterable[Manifest]) -> Iterator[Contest]:
    """Each contest between claims of `routes`, which are in the order of `Topology.routes`."""
    first: dict[Hashable, Claim] = {}
    for route in routes:
        for claim in _claims(topology, route):
            fleet = topology.fleet_of(claim.listener.gateway)
            found = Contest(
                first=first.setdefault((id(fleet), claim.listener.port, claim.hostname), claim), other=claim
            )
            is_second_chain = kind_of(route) == "TLSRoute" and found.first.route is not route
            if found.is_between_listeners or is_second_chain:
                yield found


@skip_unknown
def _claims(topology: Topology, route: Manifest) -> Iterator[Claim]:
    for attachment in topology.known_attachments(route):
        listener = attachment.listener
        if listener is None or attachment.refusal or listener.protocol == "HTTPS":
            continue
        for hostname in sorted(attachment.hostnames):
            yield Claim(hostname=hostname, listener=listener, route=route)
