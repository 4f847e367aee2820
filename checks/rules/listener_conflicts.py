"""Listeners that conflict with another one, that no Gateway admits, or that allow routes which they cannot serve."""

from collections.abc import Iterator

from diagnostics import Problem, listed, problem, suggest
from gatewayapi.fleets import Fleet
from gatewayapi.kinds import GATEWAY_API
from gatewayapi.listeners import Listener, gateway_of, is_admitted, not_allowed, own_listeners, parent_of
from gatewayapi.references import missing
from gatewayapi.topology import Topology
from kube.manifest import Manifest
from kube.read import items, read, skip_unknown


def conflicting_listeners(topology: Topology) -> Iterator[tuple[Manifest, Problem]]:
    """Each listener that conflicts with an earlier one on the same port of the same Envoys."""
    for fleet in topology.fleets:
        yield from _conflicting_in(topology, fleet)


@skip_unknown
def _conflicting_in(topology: Topology, fleet: Fleet) -> Iterator[tuple[Manifest, Problem]]:
    listeners = [listener for gateway in fleet.gateways for listener in topology.listeners(gateway)]
    order = {listener: number for number, listener in enumerate(listeners)}
    for listener in listeners:
        conflict = topology.conflict_of(listener)
        if conflict is None or order[conflict.other] > order[listener] or _refused_by_crd(listener, conflict.other):
            continue
        yield listener.owner, conflict.problem(listener)


@skip_unknown
def not_admitted(topology: Topology, listener_set: Manifest) -> Iterator[Problem]:
    """A ListenerSet whose Gateway does not exist or does not admit it."""
    gateway = gateway_of(topology.objects, listener_set)
    if gateway is None:
        if absent := missing(topology.objects, parent_of(listener_set)):
            yield absent
    elif not is_admitted(topology.objects, listener_set, gateway):
        yield not_allowed(listener_set, gateway)


@skip_unknown
def impossible_kinds(topology: Topology, owner: Manifest) -> Iterator[Problem]:
    """Kinds of routes that a listener names in `allowedRoutes` and that its protocol cannot serve."""
    for listener in own_listeners(owner, owner):
        yield from _impossible_kinds(listener)


@skip_unknown
def _impossible_kinds(listener: Listener) -> Iterator[Problem]:
    for path, allowed in items(listener.manifest, "allowedRoutes", "kinds"):
        group, kind = read(allowed, "group", default=GATEWAY_API), read(allowed, "kind")
        if group != GATEWAY_API:
            yield problem("route-group-unknown", (*listener.path, *path, "group"), group, group=GATEWAY_API)
        elif kind not in listener.protocol_kinds:
            yield problem(
                "listener-kind-impossible",
                (*listener.path, *path, "kind"),
                kind,
                protocol=listener.protocol,
                kinds=listed(listener.protocol_kinds),
                suggestion=suggest(kind, listener.protocol_kinds),
            )


def _refused_by_crd(one: Listener, other: Listener) -> bool:
    return one.owner is other.owner and (one.protocol, one.hostname) == (other.protocol, other.hostname)
