"""Files in a workload's container: from a ConfigMap of the workload, or from a Secret of the stack.

Each file is mounted by itself, so that other files of the image in the same directory stay. Such a mount does not
follow a change of its source, and need not: a change replaces the pods.
"""

from config import AppConfig
from kube.manifest import Manifest

_VOLUME = "files"


def texts(settings: AppConfig) -> dict[str, str]:
    """The ConfigMap's data; empty without plain texts."""
    return {_key(path): file.value for path, file in settings.files.items() if file.value is not None}


def volumes(settings: AppConfig, configmap: str) -> list[Manifest]:
    """A volume with all files; `configmap` is the name of the ConfigMap with the plain texts."""
    secrets: list[Manifest] = [
        {"secret": {"name": file.secret, "items": [{"key": file.key, "path": _key(path)}]}}
        for path, file in sorted(settings.files.items())
        if file.secret is not None
    ]
    own: list[Manifest] = [{"configMap": {"name": configmap}}] if texts(settings) else []
    return [{"name": _VOLUME, "projected": {"sources": own + secrets}}] if own or secrets else []


def mounts(settings: AppConfig) -> list[Manifest]:
    """One mount per file."""
    return [
        {"name": _VOLUME, "mountPath": path, "subPath": _key(path), "readOnly": True} for path in sorted(settings.files)
    ]


def _key(path: str) -> str:
    # Keys of a ConfigMap have no slashes.
    return path.removeprefix("/").replace("/", "_")
