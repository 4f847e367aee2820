"""Which listener a TLS connection comes to: by the server name of its handshake, before Envoy sees any request.

An HTTPS listener is there for its own host name. One of protocol TLS is there for those of its routes, and for none
without a route: a less specific one of the port then takes the connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from explain.listeners import Listener
from explain.objects import Objects, Reference
from explain.virtual_hosts import table
from gatewayapi import hostnames


@dataclass(frozen=True)
class Chain:
    """What Envoy calls a filter chain; `route` is the one that it is for, where it is not for all of the listener."""

    hostname: str
    listener: Listener
    route: Reference | None = None


def chains(serving: Sequence[Listener], listeners: Sequence[Listener], objects: Objects) -> list[Chain]:
    """Those of the listeners `serving` of a port, which are among all `listeners` of one fleet of Envoys."""
    ended = [Chain(each.hostname or hostnames.ANY, each) for each in serving if each.protocol == "HTTPS"]
    rows = table([each for each in serving if each.protocol != "HTTPS"], listeners, objects)
    return [*ended, *dict.fromkeys(Chain(each.hostname, each.listener, each.rule.route) for each in rows.entries)]


def reached(known: Sequence[Chain], host: str) -> list[Listener]:
    """That of the most specific chain for this host, if there is one."""
    takers = [each for each in known if hostnames.takes(each.hostname, host)]
    return [each.listener for each in sorted(takers, key=lambda each: hostnames.specificity(each.hostname))[-1:]]


def contested(known: Sequence[Chain]) -> dict[str, list[Reference]]:
    """Host names of which Envoy would have more than one chain, with the routes. Of TCPRoutes only one gets a chain."""
    routes: dict[str, list[Reference]] = {}
    for each in known:
        if each.route is not None and each.route.kind == "TLSRoute":
            routes.setdefault(each.hostname, []).append(each.route)
    return {hostname: several for hostname, several in routes.items() if len(several) > 1}
