"""SNI: the listener that a TLS connection comes to, chosen by the host name of its handshake before any request.

An HTTPS listener serves its own host name. A TLS listener serves the host names of its routes, and none without a
route: then a less specific listener of the port takes the connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from explain.server_errors import ServerErrors
from explain.virtual_hosts import table
from gatewayapi import hostnames
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology


@dataclass(frozen=True)
class Chain:
    """A filter chain of Envoy."""

    hostname: str
    listener: Listener


def chains(serving: Sequence[Listener], topology: Topology, errors: ServerErrors) -> list[Chain]:
    """The filter chains of the listeners `serving` of one port."""
    https = [
        Chain(listener.hostname or hostnames.ANY, listener) for listener in serving if listener.protocol == "HTTPS"
    ]
    rows = table([listener for listener in serving if listener.protocol != "HTTPS"], topology, errors)
    return [*https, *dict.fromkeys(Chain(row.hostname, row.listener) for row in rows.entries)]


def reached(known: Sequence[Chain], host: str) -> list[Listener]:
    """The listener of the most specific chain for this host, if there is one."""
    best = hostnames.most_specific((chain.hostname for chain in known), host)
    return [chain.listener for chain in known if chain.hostname == best][-1:]
