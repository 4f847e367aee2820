"""A volume that outlives the pods of a workload.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from config import AppConfig
from diagnostics.source import Source, with_sources
from kube.manifest import Manifest

_VOLUME = "data"
RECREATE: Manifest = {"type": "Recreate"}
"""Strategy that ends the old pod before it starts the new one.

Two pods would write to the same volume, or the second one would wait for the node of the first.
"""


def claim(settings: AppConfig) -> Manifest | None:
    """The spec of the PersistentVolumeClaim."""
    wanted = settings.persistence
    if wanted is None:
        return None
    spec: Manifest = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": wanted.size}}}
    if not wanted.storage_class:
        return spec
    named = spec | {"storageClassName": wanted.storage_class}
    return with_sources(named, storageClassName=Source(wanted.at("storageClass")))


def is_retained(settings: AppConfig) -> bool:
    """Whether the claim stays in the cluster when it is taken out of the config."""
    return settings.persistence is not None and settings.persistence.retain


def volumes(settings: AppConfig, claim_name: str) -> list[Manifest]:
    """The volume of the pods, if any."""
    return [{"name": _VOLUME, "persistentVolumeClaim": {"claimName": claim_name}}] if settings.persistence else []


def mounts(settings: AppConfig) -> list[Manifest]:
    """The mount of the volume, if any."""
    return [{"name": _VOLUME, "mountPath": settings.persistence.path}] if settings.persistence else []
