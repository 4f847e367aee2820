"""References that lead to no usable object, and Services without the port that is asked for."""

from collections.abc import Iterator
from typing import Any

from diagnostics import Path, Problem
from gatewayapi.references import reference, references, unusable
from gatewayapi.topology import Topology
from kube.manifest import Manifest
from kube.read import skip_unknown


def unresolved_references(topology: Topology, manifest: Manifest) -> Iterator[Problem]:
    """The problem of each reference in an object that does not resolve."""
    for path, value, group, kind in references(manifest):
        yield from _unresolved(topology, manifest, path, value, group, kind)


@skip_unknown
def _unresolved(
    topology: Topology, manifest: Manifest, path: Path, value: Any, group: str, kind: str
) -> Iterator[Problem]:
    ref = reference(manifest, path, value, group, kind)
    if broken := unusable(topology.objects, manifest, ref):
        yield broken
