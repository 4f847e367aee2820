"""Phases: the folders of a render, and the order of the objects in them.

Whoever applies folder by folder, file by file, creates every object after those that it depends on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gatewayapi.kinds import CERT_MANAGER, POLICIES, ROUTES
from kube.manifest import Manifest, group_of, kind_of
from plans import Planned

CRDS, PLATFORM, GATEWAY, APPS, ROUTING = "00-crds", "10-platform", "20-gateway", "30-apps", "40-routes"
PHASES = (CRDS, PLATFORM, GATEWAY, APPS, ROUTING)

_PLATFORM_COMPONENTS = ("synergychat:index:EnvoyGateway", "synergychat:index:CertManager")
# A Gateway without the Secrets of its listeners does not become ready.
_GATEWAY_KINDS = frozenset({"EnvoyProxy", "GatewayClass", "Gateway", "ListenerSet", "Secret"})
_ROUTING_KINDS = frozenset({*ROUTES, *POLICIES, "ReferenceGrant", "Backend", "HTTPRouteFilter"})


Format = Literal["plain", "kustomize", "argocd", "flux"]
"""The program that applies the files."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One object in its folder."""

    planned: Planned
    phase: str
    rank: int
    """Objects of one phase with the same rank do not depend on each other."""
    after: frozenset[str]
    """URNs of the objects of the plan that it depends on."""

    @property
    def is_never_pruned(self) -> bool:
        """Whether the object must stay in the cluster when it is no longer among the files."""
        kind = kind_of(self.planned.manifest)
        return kind == "CustomResourceDefinition" or self.planned.protect or self.planned.retain_on_delete


@dataclass(frozen=True, kw_only=True)
class File:
    """One file with one object."""

    path: str
    placed: Placed
    manifest: Manifest

    @property
    def phase(self) -> str:
        return self.placed.phase


def place(objects: Sequence[Planned]) -> list[Placed]:
    """The objects by phase, rank, kind and name.

    An object is in the phase of its kind, or in the earliest one of the objects that depend on it.
    """
    after = {each.urn: each.depends_on & {other.urn for other in objects} - {each.urn} for each in objects}
    order = list(_sorted(after))
    phases = {each.urn: _phase(each) for each in objects}
    for urn in reversed(order):
        for earlier in after[urn]:
            phases[earlier] = min(phases[earlier], phases[urn])
    ranks: dict[str, int] = {}
    for urn in order:
        here = [ranks[earlier] for earlier in after[urn] if phases[earlier] == phases[urn]]
        ranks[urn] = max(here, default=-1) + 1
    placed = [
        Placed(planned=each, phase=phases[each.urn], rank=ranks[each.urn], after=after[each.urn]) for each in objects
    ]
    return sorted(placed, key=_position)


def _phase(planned: Planned) -> str:
    kind = kind_of(planned.manifest)
    if kind == "CustomResourceDefinition":
        return CRDS
    components = planned.urn.split("::")[2].split("$")[:-1]
    if any(component in _PLATFORM_COMPONENTS for component in components):
        return PLATFORM
    if kind in _GATEWAY_KINDS or group_of(planned.manifest) == CERT_MANAGER:
        return GATEWAY
    return ROUTING if kind in _ROUTING_KINDS else APPS


def _sorted(after: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The URNs, each after all that it depends on. The engine refuses a cycle, so there is none."""
    done: set[str] = set()

    def visit(urn: str) -> Iterator[str]:
        if urn not in done:
            done.add(urn)
            for earlier in sorted(after[urn]):
                yield from visit(earlier)
            yield urn

    for urn in sorted(after):
        yield from visit(urn)


def _position(placed: Placed) -> tuple[str, int, str, str, str]:
    metadata = placed.planned.manifest["metadata"]
    kind = kind_of(placed.planned.manifest)
    return placed.phase, placed.rank, kind.lower(), metadata["name"], metadata.get("namespace", "")
