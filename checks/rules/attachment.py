"""Routes that no listener of a parentRef takes."""

from collections.abc import Iterator

from diagnostics import Path, Problem
from gatewayapi.attachment import STAGES
from gatewayapi.topology import Topology
from kube.manifest import Manifest
from kube.read import items, skip_unknown


@skip_unknown
def unattached(topology: Topology, route: Manifest) -> Iterator[Problem]:
    """The problem of each parentRef that attaches the route to no listener."""
    for path, _ in items(route, "spec", "parentRefs"):
        yield from _unattached_parent(topology, route, path)


@skip_unknown
def _unattached_parent(topology: Topology, route: Manifest, path: Path) -> Iterator[Problem]:
    attachments = topology.attachments_of_parent(route, path)
    # The problem of a listener that is not served is shown at the listener.
    served = [found for found in attachments if found.listener is None or topology.is_served(found.listener)]
    refusals = [found.refusal for found in served if found.refusal is not None]
    if refusals and len(refusals) == len(served):
        yield max(refusals, key=_stage)


def _stage(refusal: Problem) -> int:
    """The number of tests that the route passed: the listener of the last stage came closest to taking it."""
    return STAGES.index(refusal.code) if refusal.code in STAGES else -1
