"""Attachment: the listeners that a route attaches to, for which host names, and the refusals of the others.

Follows https://gateway-api.sigs.k8s.io/concepts/api-overview/#attaching-routes-to-gateways and Envoy Gateway 1.9.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diagnostics import Path, Problem, listed, problem, suggest
from gatewayapi import hostnames
from gatewayapi.kinds import GATEWAY_API
from gatewayapi.listeners import Listener, own_listeners
from gatewayapi.references import Reference, missing, reference
from kube.manifest import Manifest, ObjectName, kind_of, namespace_of
from kube.read import NotKnown, read, values

if TYPE_CHECKING:
    from gatewayapi.topology import Topology

_PARENTS = {(GATEWAY_API, "Gateway"), (GATEWAY_API, "ListenerSet")}
_WITHOUT_HOSTNAMES = ("TCPRoute", "UDPRoute")
STAGES = (
    "route-kind-not-served",
    "route-kind-not-allowed",
    "route-namespace-not-allowed",
    "route-host-not-served",
    "route-host-taken",
)
"""Codes of refusals by a listener, from the first test to the last."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One listener that a parentRef means, or a parentRef that means none."""

    parent: Path
    """Path of the parentRef in the route."""
    listener: Listener | None
    hostnames: tuple[str, ...] = ()
    """Host names for which the route is attached; empty when it is refused."""
    refusal: Problem | None = None
    """The reason why the route is not attached; the listener's own problem when the listener serves nothing."""


def attachments_of_parent(topology: "Topology", route: Manifest, path: Path) -> Iterator[Attachment]:
    """The attachments of one parentRef. Raises NotKnown for a parent that the stack does not declare."""
    value = read(route, *path)
    ref = reference(route, path, value, GATEWAY_API, "Gateway")
    if (ref.target.group, ref.target.kind) not in _PARENTS:
        raise NotKnown
    parent = topology.objects.find(ref.target)
    if parent is None:
        yield Attachment(parent=path, listener=None, refusal=missing(topology.objects, ref))
        return
    meant = _meant(topology.listeners_of_owner(parent), value)
    if not meant:
        yield Attachment(parent=path, listener=None, refusal=_no_listener(parent, path, value))
    for listener in meant:
        hosts, refusal = _attach(topology, route, listener, ref)
        yield Attachment(parent=path, listener=listener, hostnames=tuple(hosts), refusal=refusal)


def _meant(listeners: Sequence[Listener], parent: Any) -> list[Listener]:
    section, port = read(parent, "sectionName"), read(parent, "port")
    return [listener for listener in listeners if section in (None, listener.name) and port in (None, listener.port)]


def _attach(
    topology: "Topology", route: Manifest, listener: Listener, ref: Reference
) -> tuple[list[str], Problem | None]:
    kind, namespace = kind_of(route), namespace_of(route)
    if refusal := topology.refusal_of(listener):
        return [], refusal
    if kind not in listener.protocol_kinds:
        return [], problem(
            "route-kind-not-served",
            ref.path,
            ref.target.name,
            listener=listener,
            protocol=listener.protocol,
            kinds=listed(listener.protocol_kinds),
            kind=kind,
        )
    if kind not in listener.allowed_kinds:
        allowed = listed(listener.allowed_kinds)
        words = {"listener": listener, "kind": kind, "allowed": allowed}
        return [], problem("route-kind-not-allowed", ref.path, ref.target.name, **words)
    if not listener.allows_namespace(topology.objects, namespace):
        return [], _namespace_refused(listener, ref, namespace)
    asked = [str(read(hostname)).lower() for hostname in values(route, "spec", "hostnames")]
    if kind in _WITHOUT_HOSTNAMES:
        # Of TLS, Envoy Gateway takes the listener's host name for that of the handshake. Below TCP it means nothing.
        return [(listener.protocol == "TLS" and listener.hostname) or hostnames.ANY], None
    both = hostnames.intersection(listener.hostname, asked)
    if served := hostnames.served(listener.hostname, asked, topology.hostnames_on_port(listener)):
        return served, None
    place, value = ("spec", "hostnames"), ", ".join(asked)
    if both:
        return [], problem("route-host-taken", place, value, listener=listener, port=listener.port, hosts=listed(both))
    words = {"listener": listener, "hostname": listener.hostname, "hosts": listed(asked)}
    return [], problem("route-host-not-served", place, value, **words)


def _namespace_refused(listener: Listener, ref: Reference, namespace: str) -> Problem:
    allowed = read(listener.manifest, "allowedRoutes", "namespaces", "from", default="Same")
    return problem(
        "route-namespace-not-allowed",
        ref.path,
        ref.target.name,
        listener=listener,
        namespace=namespace,
        allowed=f"from: {allowed}",
        owner=namespace_of(listener.owner),
    )


def _no_listener(parent: Manifest, path: Path, ref: Any) -> Problem:
    listeners = own_listeners(parent, parent)
    section, port = read(ref, "sectionName"), read(ref, "port")
    names = [listener.name for listener in listeners]
    if section is not None and section not in names:
        return problem(
            "listener-missing",
            (*path, "sectionName"),
            section,
            parent=ObjectName.of(parent),
            suggestion=suggest(section, names),
        )
    ports = sorted({str(listener.port) for listener in listeners if section in (None, listener.name)})
    return problem("listener-port-missing", (*path, "port"), port, parent=ObjectName.of(parent), ports=listed(ports))
