"""Conflicts between listeners that share a port of the same Envoys, and which of them Envoy Gateway serves.

Follows `validateConflicted...` of Envoy Gateway 1.9 (internal/gatewayapi/validate.go).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from diagnostics import Problem, problem
from gatewayapi.kinds import PROTOCOLS
from gatewayapi.listeners import Listener
from kube.read import NotKnown, read

_LAYER_4 = ("TCP", "UDP")
_CODES = {
    "protocol": "listener-protocol-conflict",
    "hostname": "listener-hostname-conflict",
    "port": "listener-port-conflict",
}


@dataclass(frozen=True)
class Conflict:
    """The reason why a listener is not served: another one on its port."""

    field: Literal["protocol", "hostname", "port"]
    other: Listener
    """The listener that it conflicts with: the served one, or the first one when none of them is served."""

    def problem(self, listener: Listener) -> Problem:
        """The problem of the conflicted `listener`, in its owner."""
        other = self.other
        return problem(
            _CODES[self.field],
            (*listener.path, self.field),
            read(listener.manifest, self.field),
            other=other,
            port=other.port,
            protocol=other.protocol,
            host=f"hostname {other.hostname}" if other.hostname else "every hostname",
        )


def conflicts(gateways: Iterable[Sequence[Listener]], *, merged: bool) -> dict[Listener, Conflict]:
    """The conflicted listeners of Gateways that run on the same Envoys, `merged` by their GatewayClass or one alone."""
    by_gateway = [[listener for listener in listeners if _is_comparable(listener)] for listeners in gateways]
    found: dict[Listener, Conflict] = {}
    for listeners in [*by_gateway, [listener for group in by_gateway for listener in group]] if merged else by_gateway:
        for group in _grouped(listeners, lambda listener: listener.port):
            found |= _protocol_conflicts(group)
    for listeners in by_gateway:
        for group in _grouped(listeners, lambda listener: (listener.protocol, listener.port)):
            if group[0].protocol in _LAYER_4:
                found |= {listener: Conflict("port", group[0]) for listener in group[1:]}
        named = [listener for listener in listeners if listener.protocol not in _LAYER_4 and listener not in found]
        for group in _grouped(named, lambda listener: (listener.port, listener.hostname)):
            if len(group) > 1:
                found |= _losers("hostname", group, _winner_of_hostname(group))
    if merged:
        all_listeners = [listener for listeners in by_gateway for listener in listeners]
        for group in _grouped(all_listeners, lambda listener: (listener.protocol, listener.port, listener.hostname)):
            field = "port" if group[0].protocol in _LAYER_4 else "hostname"
            found = {listener: Conflict(field, group[0]) for listener in group[1:]} | found
    return found


def _protocol_conflicts(listeners: Sequence[Listener]) -> dict[Listener, Conflict]:
    """Conflicts on one port. UDP is apart from all others; HTTPS and TLS share a port."""
    stream = [listener for listener in listeners if listener.protocol != "UDP"]
    if len(_families(stream)) < 2:
        return {}
    of_gateways = [listener for listener in stream if listener.of_gateway]
    if of_gateways:
        eligible = of_gateways if len(_families(of_gateways)) == 1 else []
    else:
        eligible = [listener for listener in stream if len(_families(_siblings(listener, stream))) == 1]
    winner = eligible[0] if eligible else None
    contenders = stream if of_gateways else eligible
    return {
        listener: conflict
        for listener, conflict in _losers("protocol", stream, winner).items()
        if winner is None or listener not in contenders or _family(listener) != _family(winner)
    }


def _winner_of_hostname(listeners: Sequence[Listener]) -> Listener | None:
    """The served one of several listeners with one host name; None when an owner declares the host name twice.

    A Gateway's own listener wins over those of ListenerSets, the first ListenerSet over the others.
    """
    of_gateway = [listener for listener in listeners if listener.of_gateway]
    if of_gateway:
        return of_gateway[0] if len(of_gateway) == 1 else None
    return listeners[0] if all(len(_siblings(listener, listeners)) == 1 for listener in listeners) else None


def _losers(
    field: Literal["protocol", "hostname"], listeners: Sequence[Listener], winner: Listener | None
) -> dict[Listener, Conflict]:
    first, second = listeners[0], listeners[1]
    return {
        listener: Conflict(field, winner or (second if listener is first else first))
        for listener in listeners
        if listener is not winner
    }


def _siblings(listener: Listener, listeners: Sequence[Listener]) -> list[Listener]:
    return [other for other in listeners if other.owner is listener.owner]


def _grouped(listeners: Iterable[Listener], key: Callable[[Listener], Hashable]) -> list[list[Listener]]:
    groups: defaultdict[Hashable, list[Listener]] = defaultdict(list)
    for listener in listeners:
        groups[key(listener)].append(listener)
    return list(groups.values())


def _families(listeners: Iterable[Listener]) -> set[str]:
    return {_family(listener) for listener in listeners}


def _family(listener: Listener) -> str:
    return "HTTPS" if listener.protocol == "TLS" else listener.protocol


def _is_comparable(listener: Listener) -> bool:
    """Whether port, protocol and host name are known, and Envoy Gateway supports the protocol."""
    try:
        _ = listener.port, listener.hostname
        return listener.protocol in PROTOCOLS
    except NotKnown:
        return False
