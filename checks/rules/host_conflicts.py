"""Host names that Envoy would have twice on one port.

Listeners without TLS share Envoy's route table of the port, and TLSRoutes its list of SNI host names. Envoy takes a
name only once: it rejects the whole table or list and keeps the one before, while every status says Accepted.
"""

from collections.abc import Hashable, Iterator

from diagnostics import Problem, problem
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, kind_of
from kube.read import skip_unknown

_Hosts = dict[Hashable, tuple[Listener, Manifest]]
"""The first listener and route by fleet, port and host name."""


def conflicting_hosts(topology: Topology) -> Iterator[tuple[Manifest, Problem]]:
    """The first conflict of each route whose host name another listener or route of the port has already."""
    first: _Hosts = {}
    for route in topology.routes("HTTPRoute", "GRPCRoute", "TLSRoute"):
        yield from ((route, found) for found in _conflicts(topology, route, first)[:1])


@skip_unknown
def _conflicts(topology: Topology, route: Manifest, first: _Hosts) -> Iterator[Problem]:
    for listener, hosts in topology.attached(route):
        if listener.protocol == "HTTPS":
            continue  # each HTTPS listener has a table of its own
        fleet = topology.fleet_of(listener.gateway)
        for host in sorted(hosts):
            other, other_route = first.setdefault((id(fleet), listener.port, host), (listener, route))
            if other is not listener:
                through = f" for {ObjectName.of(other_route)}" if other_route is not route else ""
                yield problem(
                    "host-on-two-listeners",
                    ("spec", "parentRefs"),
                    listener=listener,
                    other=other,
                    through=through,
                    port=listener.port,
                    host=host,
                )
            elif kind_of(route) == "TLSRoute" and other_route is not route:
                yield problem(
                    "sni-in-two-routes",
                    ("spec", "hostnames"),
                    host,
                    other=ObjectName.of(other_route),
                    host=host,
                    port=listener.port,
                )
