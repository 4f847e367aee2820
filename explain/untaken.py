"""Untaken requests: the answer, or the end of the connection, that a client sees when no rule takes its request."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from diagnostics import listed
from explain.request import Request
from gatewayapi.listeners import Listener
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName


@dataclass(frozen=True)
class Untaken:
    """The end of a request that no rule takes."""

    end: Literal["not-found", "closed", "dropped", "passed", "not-listening"]
    """`not-found` is an answer of 404. In the other cases the client gets no answer of HTTP from Envoy."""
    text: str

    def __str__(self) -> str:
        return self.text


def without_listener(
    request: Request, port: int, listeners: Iterable[Listener], gateways: Sequence[Manifest], topology: Topology
) -> Untaken:
    """The end of a request that none of `listeners` is for."""
    transport = "UDP" if request.scheme == "udp" else "TCP"
    open_ = [one for one in listeners if one.port == port and _transport(one) == transport and topology.is_served(one)]
    if not gateways:
        return Untaken("not-listening", "there is no Gateway")
    if not open_:
        names = " or ".join(str(ObjectName.of(gateway)) for gateway in gateways)
        of_udp = "for UDP " if transport == "UDP" else ""
        return Untaken("not-listening", f"nothing listens {of_udp}on port {port} of {names}")
    place = _place(open_)
    match open_[0].protocol:
        case "HTTPS" | "TLS":
            return _closed(f"{place} expects TLS")
        case "HTTP":
            return _closed(f"{place} has no TLS" if request.secure else f"{place} expects HTTP")
        case protocol:
            return Untaken("passed", f"{place} has protocol {protocol}, so Envoy does not read {request.scheme} there")


def without_server_name(request: Request, asked: Sequence[Listener]) -> Untaken:
    """The end of a TLS connection for whose SNI host name the listeners have nothing."""
    return _closed(f"{_place(asked)} does not serve the host {request.host}")


def without_rule(request: Request, serving: Sequence[Listener]) -> Untaken:
    """The end of a request that reaches a listener, but no rule."""
    match request.scheme:
        case "tcp":
            return _closed(f"{_place(serving)} has no route")
        case "udp":
            return Untaken("dropped", f"Envoy drops the datagrams, because {_place(serving)} has no route")
        case _:
            return Untaken("not-found", "Envoy answers 404")


def _closed(why: str) -> Untaken:
    return Untaken("closed", f"Envoy closes the connection, because {why}")


def _place(listeners: Sequence[Listener]) -> str:
    names = dict.fromkeys(str(ObjectName.of(listener.gateway)) for listener in listeners)
    return f"port {listeners[0].port} of {listed(list(names))}"


def _transport(listener: Listener) -> str:
    return "UDP" if listener.protocol == "UDP" else "TCP"
