"""Policies that act on the traffic of a rule, and the object that each is attached to.

The policy at the narrowest place replaces others of its kind; with `mergeType` it is merged over the nearest policy of
the listener or the Gateway. At the same place the oldest policy applies. Follows
https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/ and, for BackendTLSPolicy, Gateway API.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from explain.backend_tls import backend_tls_policy
from explain.backends import Backend
from explain.refusal import Refusal
from explain.server_errors import ServerErrors
from gatewayapi.listeners import Listener
from gatewayapi.policy_attachment import Attachable
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName

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
    """The policy that it is merged over or that replaces it, or why Envoy Gateway ignores it."""
    refusal: Refusal | None = None
    """The reason why Envoy Gateway refuses it, and answers with 500."""


@dataclass(frozen=True)
class _Way:
    """The places that a request passes and that policies can target, and the objects around them."""

    listener: Listener
    of_route: Sequence[Attachable]
    topology: Topology
    errors: ServerErrors


def policies(
    listener: Listener,
    route: ObjectName,
    rule_name: str,
    backends: Sequence[Backend],
    topology: Topology,
    errors: ServerErrors,
) -> tuple[AppliedPolicy, ...]:
    """Policies that apply, in the order in which a request meets them, each followed by those that it replaces."""
    of_route = [*([Attachable(route, rule_name)] if rule_name else []), Attachable(route)]
    found = list(_applied("ClientTrafficPolicy", _Way(listener, [], topology, errors)))
    for kind in _OF_ROUTES:
        found += _applied(kind, _Way(listener, of_route, topology, errors))
    for backend in backends:
        if of_backend := backend_tls_policy(backend.target, backend.port, topology):
            place, policy = of_backend
            found.append(AppliedPolicy(ObjectName.of(policy), str(place), _settings(policy)))
    return tuple(found)


def client_settings(listener: Listener, topology: Topology, errors: ServerErrors) -> Any:
    """The spec of the ClientTrafficPolicy that applies to a listener; empty without one."""
    for place in _places(listener):
        for policy in topology.policies_for("ClientTrafficPolicy", place)[:1]:
            return {} if errors.of_target(policy, place, listener) else policy["spec"]
    return {}


def _places(listener: Listener) -> list[Attachable]:
    """Places of a listener that a policy can target, the narrowest first."""
    own = [Attachable(listener.owner_name, listener.name), Attachable(listener.owner_name)]
    return own if listener.of_gateway else [*own, Attachable(ObjectName.of(listener.gateway))]


def _applied(kind: str, way: _Way) -> Iterator[AppliedPolicy]:
    of_listener = _places(way.listener)
    found = [
        (place, first)
        for place in (*way.of_route, *of_listener)
        for first in way.topology.policies_for(kind, place)[:1]
    ]
    if not found:
        return
    (place, winner), *others = found
    if ignored := way.errors.of_target(winner, place, way.listener):
        note = f"Envoy Gateway ignores it: {ignored.rule}"
        yield AppliedPolicy(ObjectName.of(winner), str(place), _settings(winner), applies=False, note=note)
        return
    merges = place in way.of_route and "mergeType" in winner["spec"]
    parent = next(((at, policy) for at, policy in others if at in of_listener), None) if merges else None
    over = f"merged over {ObjectName.of(parent[1])} ({winner['spec']['mergeType']})" if parent else ""
    refusal = way.errors.of_policy(winner, way.listener, parent[1] if parent else None)
    yield AppliedPolicy(ObjectName.of(winner), str(place), _settings(winner), note=over, refusal=refusal)
    for at, policy in others:
        if parent and (at, policy) == parent:
            yield AppliedPolicy(ObjectName.of(policy), str(at), _settings(policy))
        else:
            note = f"replaced by {ObjectName.of(winner)}"
            yield AppliedPolicy(ObjectName.of(policy), str(at), _settings(policy), applies=False, note=note)


def _settings(policy: Manifest) -> tuple[str, ...]:
    return tuple(field for field in policy["spec"] if field not in _TARGETING)
