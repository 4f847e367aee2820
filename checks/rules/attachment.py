"""Routes that no listener of a parentRef takes."""

from collections.abc import Iterator, Sequence

from diagnostics import Path, Problem
from gatewayapi.attachment import STAGES, Attachment
from gatewayapi.topology import Topology
from kube.manifest import Manifest
from kube.read import items, skip_unknown

_REPORTED_AT_THE_LISTENER = "listener-not-served"


@skip_unknown
def unattached(topology: Topology, route: Manifest) -> Iterator[Problem]:
    """The problem of each parentRef that attaches the route to no listener."""
    for path, _ in items(route, "spec", "parentRefs"):
        yield from _unattached_parent(topology, route, path)


@skip_unknown
def _unattached_parent(topology: Topology, route: Manifest, path: Path) -> Iterator[Problem]:
    refusal = _refusal(topology.attachments_of_parent(route, path))
    if refusal is not None and refusal.code != _REPORTED_AT_THE_LISTENER:
        yield refusal


def _refusal(attachments: Sequence[Attachment]) -> Problem | None:
    """The refusal by the listener that came closest to taking the route; None when a listener takes it."""
    refusals = [attachment.refusal for attachment in attachments if attachment.refusal is not None]
    if len(refusals) < len(attachments):
        return None
    return max(refusals, key=lambda refusal: STAGES.index(refusal.code) if refusal.code in STAGES else -1)
