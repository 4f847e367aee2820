"""Backends: destinations of the requests that a rule takes, and the share that each backend gets.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics import Path
from explain.backend_tls import backend_tls_policy
from explain.filters import describe_filters
from explain.refusal import Refusal
from explain.rules import Rule
from explain.server_errors import ServerErrors
from gatewayapi.kinds import CORE
from gatewayapi.references import reference
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, namespace_of
from kube.read import items, values


@dataclass(frozen=True)
class Backend:
    """One backend. `share` is its part of the requests, 0 to 1; with a `refusal` they get 500."""

    target: ObjectName
    port: int | None
    weight: int
    share: float
    filters: tuple[str, ...] = ()
    refusal: Refusal | None = None

    def __str__(self) -> str:
        return f"{self.target}{'' if self.port is None else f':{self.port}'}"


def backends(rule: Rule, route: Manifest, topology: Topology, errors: ServerErrors) -> tuple[Backend, ...]:
    """The backends in the order of the rule. A weight defaults to 1."""
    refs = list(_refs(rule, route))
    weights = [int(ref.get("weight", 1)) for _, ref in refs]
    return tuple(
        Backend(
            target=reference(route, path, ref, CORE, "Service").target,
            port=ref.get("port"),
            weight=weight,
            share=weight / sum(weights) if weight else 0.0,
            filters=describe_filters(values(ref, "filters"), namespace_of(route)),
            refusal=_refusal(path, ref, route, topology, errors),
        )
        for (path, ref), weight in zip(refs, weights, strict=True)
    )


def _refs(rule: Rule, route: Manifest) -> Iterator[tuple[Path, Manifest]]:
    """The backendRefs of a rule; those of all rules for a route without HTTP."""
    has_http = rule.route.kind in ("HTTPRoute", "GRPCRoute")
    for path, _ in items(route, "spec", "rules"):
        if not has_http or path[-1] == rule.index:
            yield from items(route, *path, "backendRefs")


def _refusal(path: Path, value: Manifest, route: Manifest, topology: Topology, errors: ServerErrors) -> Refusal | None:
    ref = reference(route, path, value, CORE, "Service")
    tls_policy = backend_tls_policy(ref.target, ref.port, topology)
    return errors.of_backend(route, ref, tls_policy[1] if tls_policy else None)
