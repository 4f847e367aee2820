"""Policies that act on the traffic of a rule, and the object that each is attached to.

The policy at the narrowest place replaces others of its kind; with `mergeType` it is merged over the nearest policy of
the listener or the Gateway. At the same place the oldest policy applies. Follows
https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/ and, for BackendTLSPolicy, Gateway API.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from explain.backends import Backend
from gatewayapi.listeners import Listener
from gatewayapi.policy_attachment import Attachable
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import read, values

_OF_ROUTES = ("SecurityPolicy", "EnvoyExtensionPolicy", "BackendTrafficPolicy")
"""Kinds in the order in which a request meets them."""
_TARGETING = ("targetRef", "targetRefs", "targetSelectors", "mergeType")


@dataclass(frozen=True)
class AppliedPolicy:
    """A policy on the way of a request. `settings` are the fields of its spec."""

    policy: ObjectName
    place: str
    settings: tuple[str, ...]
    applies: bool = True
    note: str = ""
    """The policy that it is merged over, or that replaces it."""


def policies(
    listener: Listener, route: ObjectName, rule_name: str, backends: Sequence[Backend], topology: Topology
) -> tuple[AppliedPolicy, ...]:
    """Policies that apply, in the order in which a request meets them, each followed by those that it replaces."""
    of_listener = _places(listener)
    of_route = [*([Attachable(route, rule_name)] if rule_name else []), Attachable(route)]
    found = list(_applied("ClientTrafficPolicy", [], of_listener, topology))
    for kind in _OF_ROUTES:
        found += _applied(kind, of_route, of_listener, topology)
    for backend in backends:
        found += _backend_tls(backend, topology)
    return tuple(found)


def client_settings(listener: Listener, topology: Topology) -> Any:
    """The spec of the ClientTrafficPolicy that applies to a listener; empty without one."""
    for place in _places(listener):
        if found := topology.policies_for("ClientTrafficPolicy", place):
            return found[0]["spec"]
    return {}


def _places(listener: Listener) -> list[Attachable]:
    """Places of a listener that a policy can target, the narrowest first."""
    own = [Attachable(listener.owner_name, listener.name), Attachable(listener.owner_name)]
    return own if listener.of_gateway else [*own, Attachable(ObjectName.of(listener.gateway))]


def _applied(
    kind: str, of_route: Sequence[Attachable], of_listener: Sequence[Attachable], topology: Topology
) -> Iterator[AppliedPolicy]:
    found = [(place, first) for place in (*of_route, *of_listener) for first in topology.policies_for(kind, place)[:1]]
    if not found:
        return
    (place, winner), *others = found
    merges = place in of_route and "mergeType" in winner["spec"]
    parent = next(((at, policy) for at, policy in others if at in of_listener), None) if merges else None
    over = f"merged over {ObjectName.of(parent[1])} ({winner['spec']['mergeType']})" if parent else ""
    yield AppliedPolicy(ObjectName.of(winner), str(place), _settings(winner), note=over)
    for at, policy in others:
        if parent and (at, policy) == parent:
            yield AppliedPolicy(ObjectName.of(policy), str(at), _settings(policy))
        else:
            note = f"replaced by {ObjectName.of(winner)}"
            yield AppliedPolicy(ObjectName.of(policy), str(at), _settings(policy), applies=False, note=note)


def _backend_tls(backend: Backend, topology: Topology) -> Iterator[AppliedPolicy]:
    ports = values(topology.objects.find(backend.target), "spec", "ports")
    section = next((read(port, "name", default="") for port in ports if read(port, "port") == backend.port), "")
    for place in dict.fromkeys([Attachable(backend.target, section), Attachable(backend.target)]):
        for policy in topology.policies_for("BackendTLSPolicy", place)[:1]:
            yield AppliedPolicy(ObjectName.of(policy), str(place), _settings(policy))
            return


def _settings(policy: Manifest) -> tuple[str, ...]:
    return tuple(field for field in policy["spec"] if field not in _TARGETING)
