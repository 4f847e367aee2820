"""A volume that outlives the pods of a workload.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from components.gateway.manifests import Wire
from config import AppConfig

_VOLUME = "data"
RECREATE: Wire = {"type": "Recreate"}
"""The old pod goes before the new one comes: two would write to one volume, or wait for each other's node."""


def claim(settings: AppConfig) -> Wire | None:
    """The spec of its PersistentVolumeClaim."""
    asked = settings.persistence
    if asked is None:
        return None
    storage_class = {"storageClassName": asked.storage_class} if asked.storage_class else {}
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": asked.size}}, **storage_class}


def volumes(settings: AppConfig, claim_name: str) -> list[Wire]:
    return [{"name": _VOLUME, "persistentVolumeClaim": {"claimName": claim_name}}] if settings.persistence else []


def mounts(settings: AppConfig) -> list[Wire]:
    return [{"name": _VOLUME, "mountPath": settings.persistence.path}] if settings.persistence else []
