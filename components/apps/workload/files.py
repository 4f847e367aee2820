"""The files that a process finds, by path: in a ConfigMap of its workload, or in a Secret of the stack.

Each is mounted by itself, so that what the image has beside it stays. Such a mount does not follow a change of its
source, and need not: a change replaces the pods.
"""

from components.gateway.manifests import Wire
from config import AppConfig

_VOLUME = "files"


def texts(settings: AppConfig) -> dict[str, str]:
    """The ConfigMap's data: nothing when there are no plain texts."""
    return {_key(path): each.value for path, each in settings.files.items() if each.value is not None}


def volumes(settings: AppConfig, configmap: str) -> list[Wire]:
    secrets: list[Wire] = [
        {"secret": {"name": each.secret, "items": [{"key": each.key, "path": _key(path)}]}}
        for path, each in sorted(settings.files.items())
        if each.secret is not None
    ]
    own: list[Wire] = [{"configMap": {"name": configmap}}] if texts(settings) else []
    return [{"name": _VOLUME, "projected": {"sources": own + secrets}}] if own or secrets else []


def mounts(settings: AppConfig) -> list[Wire]:
    return [
        {"name": _VOLUME, "mountPath": path, "subPath": _key(path), "readOnly": True} for path in sorted(settings.files)
    ]


def _key(path: str) -> str:
    # A ConfigMap's keys have no slashes.
    return path.removeprefix("/").replace("/", "_")
