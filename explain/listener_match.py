"""Ports: the listener port that a request arrives at, and why a listener there does not take it."""

from collections.abc import Iterator

from diagnostics.problem import Reason, reason
from explain.request import Request
from gatewayapi.fleets import Fleet
from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API
from gatewayapi.listeners import Listener, own_listeners, parent_of
from gatewayapi.topology import Topology
from kube.manifest import ObjectName
from kube.read import values

_SERVICE_PORTS = ("spec", "provider", "kubernetes", "envoyService", "patch", "value", "spec", "ports")


def port_reached(request: Request, topology: Topology) -> int:
    """The listener port that a request arrives at: by way of a node port where an EnvoyProxy sets one."""
    proxies = topology.objects.of_kind(ENVOY_GATEWAY, "EnvoyProxy")
    ports = [port for proxy in proxies for port in values(proxy, *_SERVICE_PORTS)]
    return next((int(port["port"]) for port in ports if port.get("nodePort") == request.port), request.port)


def all_listeners(topology: Topology, fleet: Fleet) -> Iterator[Listener]:
    """Listeners of a fleet in order of precedence, then those of ListenerSets that a Gateway does not admit."""
    for gateway in fleet.gateways:
        yield from topology.listeners(gateway)
    for gateway in fleet.gateways:
        admitted = {id(listener.owner) for listener in topology.listeners(gateway)}
        for listener_set in topology.objects.of_kind(GATEWAY_API, "ListenerSet"):
            if parent_of(listener_set).target == ObjectName.of(gateway) and id(listener_set) not in admitted:
                yield from own_listeners(gateway, listener_set)


def misfit(topology: Topology, listener: Listener, request: Request, port: int) -> Reason | None:
    """The reason why a request that arrives at `port` is not for this listener; None when it is."""
    if refusal := topology.refusal_of(listener):
        return refusal
    if listener.protocol not in _protocols(request):
        return reason("request-protocol", protocol=listener.protocol, port=listener.port, scheme=request.scheme)
    return None if listener.port == port else reason("request-port", listens=listener.port, port=port)


def _protocols(request: Request) -> tuple[str, ...]:
    """Protocols of listeners that a client may mean. It cannot tell TLS termination from passthrough."""
    if not request.has_http:
        return (request.scheme.upper(),)
    return ("HTTPS", "TLS") if request.secure else ("HTTP",)
