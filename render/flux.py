"""Flux: one Kustomization per folder, each after the one before. https://fluxcd.io/flux/components/kustomize/kustomizations/"""

from collections.abc import Mapping, Sequence
from typing import Any

from gatewayapi.kinds import GATEWAY_API
from kube.manifest import Manifest, kind_of
from render.phases import File, Placed

FILE = "flux.yaml"
_NAMESPACE = "flux-system"
_TOOLKIT = "kustomize.toolkit.fluxcd.io"
_PROGRAMMED = (
    "has(status.conditions) && status.conditions.exists(c, c.type == 'Programmed' && c.status == 'True' "
    "&& c.observedGeneration == metadata.generation)"
)


def annotated(manifest: Manifest, placed: Placed) -> Manifest:
    """The object with the annotations that Flux needs."""
    annotations: dict[str, str] = {}
    if placed.is_never_pruned:
        annotations[f"{_TOOLKIT}/prune"] = "disabled"
    if kind_of(manifest) == "Job":
        # A Job cannot be changed: Flux then deletes it and creates it again.
        annotations[f"{_TOOLKIT}/force"] = "enabled"
    if not annotations:
        return manifest
    own: Mapping[str, Any] = manifest["metadata"].get("annotations") or {}
    return manifest | {"metadata": manifest["metadata"] | {"annotations": {**own, **annotations}}}


def source_and_kustomizations(
    files: Sequence[File], phases: Sequence[str], *, name: str, repo: str, path: str
) -> list[Manifest]:
    """The Git repository, and a Kustomization per folder."""
    source: Manifest = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": name, "namespace": _NAMESPACE},
        "spec": {"interval": "1m", "url": repo, "ref": {"branch": "main"}},
    }
    with_gateway = {file.phase for file in files if kind_of(file.manifest) == "Gateway"}
    names = [f"{name}-{phase}" for phase in phases]
    before: list[list[str]] = [[], *([earlier] for earlier in names)]
    return [
        source,
        *(
            _kustomization(own, after, source, f"./{path}/{phase}", has_gateway=phase in with_gateway)
            for own, after, phase in zip(names, before, phases, strict=False)
        ),
    ]


def _kustomization(name: str, after: Sequence[str], source: Manifest, path: str, *, has_gateway: bool) -> Manifest:
    spec: dict[str, Any] = {
        "interval": "10m",
        "retryInterval": "1m",
        "timeout": "10m",
        "path": path,
        "prune": True,
        "wait": True,
        "sourceRef": {"kind": source["kind"], "name": source["metadata"]["name"]},
    }
    if has_gateway:
        # `wait` does not know the conditions of a Gateway. It ignores `healthChecks`, but not these.
        gateway = {"apiVersion": f"{GATEWAY_API}/v1", "kind": "Gateway", "current": _PROGRAMMED}
        spec["healthCheckExprs"] = [gateway]
    if after:
        spec["dependsOn"] = [{"name": earlier} for earlier in after]
    return {
        "apiVersion": f"{_TOOLKIT}/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": _NAMESPACE},
        "spec": spec,
    }
