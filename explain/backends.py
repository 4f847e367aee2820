"""Backends: destinations of the requests that a rule takes, and the share that each backend gets.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref.
"""

from dataclasses import dataclass

from diagnostics import Problem
from explain.filters import describe_filters
from gatewayapi.kinds import CORE
from gatewayapi.references import reference, unresolved, unusable_service
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, namespace_of
from kube.read import NotKnown, items, values


@dataclass(frozen=True)
class Backend:
    """One backend. `share` is its part of the requests, 0 to 1; with a `problem` it answers them with 500."""

    target: ObjectName
    port: int | None
    weight: int
    share: float
    filters: tuple[str, ...] = ()
    problem: Problem | None = None

    def __str__(self) -> str:
        return f"{self.target}{'' if self.port is None else f':{self.port}'}"


def backends(rule: Manifest, route: Manifest, topology: Topology) -> tuple[Backend, ...]:
    """The backends in the order of the rule. A weight defaults to 1."""
    refs = [value for _, value in items(rule, "backendRefs")]
    weights = [int(ref.get("weight", 1)) for ref in refs]
    return tuple(
        Backend(
            target=reference(route, (), ref, CORE, "Service").target,
            port=ref.get("port"),
            weight=weight,
            share=weight / sum(weights) if weight else 0.0,
            filters=describe_filters(values(ref, "filters"), namespace_of(route)),
            problem=_problem(ref, route, topology),
        )
        for ref, weight in zip(refs, weights, strict=True)
    )


def _problem(value: Manifest, route: Manifest, topology: Topology) -> Problem | None:
    ref = reference(route, (), value, CORE, "Service")
    try:
        return unresolved(topology.objects, route, ref) or unusable_service(topology.objects, route, ref)
    except NotKnown:
        return None
