"""Listeners: those that a Gateway serves, which routes each admits, and which of them cannot be beside another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from diagnostics.problem import Mistake, Path
from diagnostics.suggest import listed
from gatewayapi.kinds import carried
from gatewayapi.objects import GATEWAY_API, Stack, Wire, kind_of, name_of, namespace_of, shown
from gatewayapi.references import Reference, missing, reference
from gatewayapi.selectors import selects
from kube.read import NotKnown, items, judged, read

_WITHOUT_HOSTNAME = {"TCP", "UDP"}


@dataclass(frozen=True, kw_only=True)
class Listener:
    """One of a Gateway's own, or of a ListenerSet's."""

    owner: Wire
    path: Path
    wire: Any

    @property
    def name(self) -> str:
        return read(self.wire, "name", default="")

    @property
    def port(self) -> int:
        return read(self.wire, "port", default=0)

    @property
    def protocol(self) -> str:
        return read(self.wire, "protocol", default="")

    @property
    def hostname(self) -> str:
        return read(self.wire, "hostname", default="")

    @property
    def ends_tls(self) -> bool:
        """Whether a connection with TLS goes on without."""
        return self.protocol in ("HTTPS", "TLS") and read(self.wire, "tls", "mode", default="Terminate") == "Terminate"

    def __str__(self) -> str:
        return f"listener {self.name} of {shown(self.owner)}"


def own(owner: Wire) -> list[Listener]:
    return [Listener(owner=owner, path=path, wire=wire) for path, wire in items(owner, "spec", "listeners")]


def gateway_of(stack: Stack, owner: Wire) -> Wire | None:
    """The Gateway that serves the listeners of a Gateway or ListenerSet."""
    if kind_of(owner) == "Gateway":
        return owner
    parent = _parent(owner)
    return stack.find(parent.group, parent.kind, parent.namespace, parent.name)


def served(stack: Stack, gateway: Wire) -> list[Listener]:
    """All listeners of a Gateway, in the order in which they take precedence."""
    attached = [owner for owner in stack.of(GATEWAY_API, "ListenerSet") if _is_attached(stack, owner, gateway)]
    return [listener for owner in (gateway, *attached) for listener in own(owner)]


def admits(stack: Stack, namespaces: Any, owner: Wire, namespace: str, *, unless_said: str) -> bool:
    """Whether `namespaces` (`from` and `selector`) of an owner lets in what is in `namespace`."""
    match read(namespaces, "from", default=unless_said):
        case "All":
            return True
        case "Same":
            return namespace == namespace_of(owner)
        case "Selector":
            return selects(read(namespaces, "selector"), lambda key: stack.label(namespace, key))
        case _:
            return False


def route_kinds(listener: Listener) -> list[str]:
    """The kinds of routes that the protocol of a listener can serve."""
    if kinds := carried(listener.protocol, read(listener.wire, "tls", "mode")):
        return list(kinds)
    raise NotKnown


@judged
def of_listener_set(stack: Stack, listener_set: Wire) -> Iterator[Mistake]:
    gateway = gateway_of(stack, listener_set)
    if gateway is None:
        if absent := missing(stack, _parent(listener_set)):
            yield absent
    elif not _allows(stack, gateway, listener_set):
        yield Mistake(
            path=("spec", "parentRef", "name"),
            value=name_of(gateway),
            rule=f"{shown(gateway)} takes no ListenerSet of namespace {namespace_of(listener_set)}",
            cure="admit it by the Gateway's spec.allowedListeners.namespaces",
        )


@judged
def of_kinds(owner: Wire) -> Iterator[Mistake]:
    """Kinds of routes that a listener says it admits and never can."""
    for listener in own(owner):
        able = route_kinds(listener)
        for path, kind in items(listener.wire, "allowedRoutes", "kinds"):
            if read(kind, "kind") not in able:
                yield Mistake(
                    path=(*listener.path, *path, "kind"),
                    value=read(kind, "kind"),
                    rule=f"a listener of protocol {listener.protocol} serves {listed(able)} only",
                )


@judged
def conflicts(stack: Stack, gateways: Sequence[Wire]) -> Iterator[tuple[Wire, Mistake]]:
    """Listeners that cannot be beside an earlier one on the Envoys that these Gateways share.

    Gateway API leaves it to the implementation whether one of them serves, and which.
    """
    listeners = [(gateway, listener) for gateway in gateways for listener in served(stack, gateway)]
    told: set[tuple[int, Path]] = set()
    for (first_gateway, first), (gateway, later) in combinations(listeners, 2):
        place = id(later.owner), later.path
        if place not in told and (found := _of_pair(first, later, merged=first_gateway is not gateway)):
            told.add(place)
            yield from ((later.owner, mistake) for mistake in found)


@judged
def _of_pair(first: Listener, later: Listener, *, merged: bool) -> Iterator[Mistake]:
    if first.port != later.port or _refused_by_crd(first, later):
        return
    field, rule, cure = _conflict(first, later, merged=merged)
    if field:
        yield Mistake(path=(*later.path, field), value=read(later.wire, field), rule=rule, cure=cure)


def _refused_by_crd(first: Listener, later: Listener) -> bool:
    one = first.owner is later.owner
    return one and (first.protocol, first.hostname) == (later.protocol, later.hostname)


def _conflict(first: Listener, later: Listener, *, merged: bool) -> tuple[str, str, str]:
    """Field, rule and cure; a field of "" when they can be beside each other."""
    protocols = {_family(first), _family(later)}
    if len(protocols) == 2:
        rule = f"{first} has {first.protocol} on port {first.port}"
        return ("" if "UDP" in protocols else "protocol"), rule, "give one of them another port"
    if protocols <= _WITHOUT_HOSTNAME:
        return "port", f"{first} has {first.protocol} on port {first.port}, which only one can", "choose another port"
    if first.hostname == later.hostname and (not merged or first.protocol == later.protocol):
        host = f"hostname {first.hostname}" if first.hostname else "every hostname"
        return "hostname", f"{first} is for {host} on port {first.port} already", "give one of them another hostname"
    return "", "", ""


def _family(listener: Listener) -> str:
    """Protocols that Envoy Gateway tells apart on one port."""
    return "HTTPS" if listener.protocol == "TLS" else listener.protocol


def _allows(stack: Stack, gateway: Wire, listener_set: Wire) -> bool:
    namespaces = read(gateway, "spec", "allowedListeners", "namespaces")
    return admits(stack, namespaces, gateway, namespace_of(listener_set), unless_said="None")


def _is_attached(stack: Stack, listener_set: Wire, gateway: Wire) -> bool:
    parent = _parent(listener_set)
    named = (parent.namespace, parent.name) == (namespace_of(gateway), name_of(gateway))
    return named and _allows(stack, gateway, listener_set)


def _parent(listener_set: Wire) -> Reference:
    return reference(
        listener_set, ("spec", "parentRef"), read(listener_set, "spec", "parentRef"), GATEWAY_API, "Gateway"
    )
