"""Listeners of Gateways and of the ListenerSets that add to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics import Path, Problem, problem
from gatewayapi.kinds import GATEWAY_API, RouteKind, route_kinds
from gatewayapi.objects import Objects
from gatewayapi.references import Reference, reference
from gatewayapi.selectors import selects
from kube.manifest import Manifest, ObjectName, kind_of, namespace_of
from kube.read import NotKnown, items, read


@dataclass(frozen=True, kw_only=True, eq=False)
class Listener:
    """One listener. Its properties raise NotKnown for a value that is known only after `up`."""

    gateway: Manifest
    owner: Manifest
    """The Gateway itself, or the ListenerSet that adds the listener to it."""
    path: Path
    """Path of the listener in its owner."""
    manifest: Any

    @property
    def name(self) -> str:
        return read(self.manifest, "name", default="")

    @property
    def port(self) -> int:
        return int(read(self.manifest, "port", default=0))

    @property
    def protocol(self) -> str:
        return read(self.manifest, "protocol", default="")

    @property
    def hostname(self) -> str:
        """The host name in lower case; empty for every host."""
        return read(self.manifest, "hostname", default="").lower()

    @property
    def terminates_tls(self) -> bool:
        """Whether Envoy decrypts the connections."""
        mode = read(self.manifest, "tls", "mode", default="Terminate")
        return self.protocol in ("HTTPS", "TLS") and mode == "Terminate"

    @property
    def of_gateway(self) -> bool:
        """Whether the Gateway itself declares the listener."""
        return self.owner is self.gateway

    @property
    def protocol_kinds(self) -> tuple[RouteKind, ...]:
        """Kinds of routes that the protocol can serve. Raises NotKnown for a protocol of an extension."""
        if kinds := route_kinds(self.protocol, read(self.manifest, "tls", "mode")):
            return kinds
        raise NotKnown

    @property
    def allowed_kinds(self) -> tuple[RouteKind, ...]:
        """Kinds of routes that may attach: those of the protocol that `allowedRoutes.kinds` names, or all of them."""
        kinds = [kind for _, kind in items(self.manifest, "allowedRoutes", "kinds")]
        named = [read(kind, "kind") for kind in kinds if read(kind, "group", default=GATEWAY_API) in (GATEWAY_API, "")]
        return tuple(kind for kind in self.protocol_kinds if not kinds or kind in named)

    def allows_namespace(self, objects: Objects, namespace: str) -> bool:
        """Whether routes of a namespace may attach."""
        namespaces = read(self.manifest, "allowedRoutes", "namespaces")
        return allows(objects, namespaces, self.owner, namespace, default="Same")

    @property
    def owner_name(self) -> ObjectName:
        return ObjectName.of(self.owner)

    def __str__(self) -> str:
        return f"listener {self.name} of {self.owner_name}"


def own_listeners(gateway: Manifest, owner: Manifest) -> list[Listener]:
    """Listeners that `owner` itself declares."""
    return [
        Listener(gateway=gateway, owner=owner, path=path, manifest=manifest)
        for path, manifest in items(owner, "spec", "listeners")
    ]


def gateway_of(objects: Objects, owner: Manifest) -> Manifest | None:
    """The Gateway that serves the listeners of a Gateway or ListenerSet; None when it does not exist."""
    return owner if kind_of(owner) == "Gateway" else objects.find(parent_of(owner).target)


def parent_of(listener_set: Manifest) -> Reference:
    """The reference of a ListenerSet to its Gateway."""
    path = ("spec", "parentRef")
    return reference(listener_set, path, read(listener_set, *path), GATEWAY_API, "Gateway")


def is_admitted(objects: Objects, listener_set: Manifest, gateway: Manifest) -> bool:
    """Whether a Gateway takes the listeners of a ListenerSet that names it."""
    namespaces = read(gateway, "spec", "allowedListeners", "namespaces")
    return allows(objects, namespaces, gateway, namespace_of(listener_set), default="None")


def not_allowed(listener_set: Manifest, gateway: Manifest) -> Problem:
    """The problem of a ListenerSet that its Gateway does not admit."""
    name = ObjectName.of(gateway)
    place = ("spec", "parentRef", "name")
    return problem("listenerset-not-allowed", place, name.name, gateway=name, namespace=namespace_of(listener_set))


def allows(objects: Objects, namespaces: Any, owner: Manifest, namespace: str, *, default: str) -> bool:
    """Whether `namespaces` of `owner` (the fields `from` and `selector`) lets in objects of `namespace`."""
    match read(namespaces, "from", default=default):
        case "All":
            return True
        case "Same":
            return namespace == namespace_of(owner)
        case "Selector":
            return selects(read(namespaces, "selector"), lambda key: objects.label(namespace, key))
        case _:
            return False


def served_listeners(objects: Objects, gateway: Manifest) -> Iterator[Listener]:
    """The listeners of a Gateway in order of precedence: its own, then those of the ListenerSets that it admits."""
    yield from own_listeners(gateway, gateway)
    name = ObjectName.of(gateway)
    for listener_set in objects.of_kind(GATEWAY_API, "ListenerSet"):
        if parent_of(listener_set).target == name and is_admitted(objects, listener_set, gateway):
            yield from own_listeners(gateway, listener_set)
