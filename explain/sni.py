"""SNI: the listener that a TLS connection comes to, chosen by the host name of its handshake before any request.

An HTTPS listener serves its own host name. A TLS listener serves the host names of its routes, and none without a
route: then a less specific listener of the port takes the connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from explain.virtual_hosts import table
from gatewayapi import hostnames
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import ObjectName


@dataclass(frozen=True)
class Chain:
    """A filter chain of Envoy. `route` is set when the chain serves a single route instead of a whole listener."""

    hostname: str
    listener: Listener
    route: ObjectName | None = None


def chains(serving: Sequence[Listener], topology: Topology) -> list[Chain]:
    """The filter chains of the listeners `serving` of one port."""
    https = [
        Chain(listener.hostname or hostnames.ANY, listener) for listener in serving if listener.protocol == "HTTPS"
    ]
    rows = table([listener for listener in serving if listener.protocol != "HTTPS"], topology)
    return [*https, *dict.fromkeys(Chain(row.hostname, row.listener, row.rule.route) for row in rows.entries)]


def reached(known: Sequence[Chain], host: str) -> list[Listener]:
    """The listener of the most specific chain for this host, if there is one."""
    matching = [chain for chain in known if hostnames.matches(chain.hostname, host)]
    return [chain.listener for chain in sorted(matching, key=lambda chain: hostnames.specificity(chain.hostname))[-1:]]


def contested(known: Sequence[Chain]) -> dict[str, list[Chain]]:
    """Host names with several chains of TLSRoutes. Of TCPRoutes only one gets a chain."""
    found: dict[str, list[Chain]] = {}
    for chain in known:
        if chain.route is not None and chain.route.kind == "TLSRoute":
            found.setdefault(chain.hostname, []).append(chain)
    return {hostname: several for hostname, several in found.items() if len(several) > 1}
