"""The main container of a workload."""

from components.apps.workload import files, persistence, ports
from config import AppConfig
from kube.manifest import Manifest
from kube.merge import merge

NAME = "app"
# Not the stack's timeout: a change of that must not replace pods.
_START_S = 120
_RESOURCES = {
    "requests": {"cpu": "10m", "memory": "32Mi"},
    "limits": {"cpu": "500m", "memory": "256Mi"},
}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def container(settings: AppConfig, *, configmap: str | None) -> Manifest:
    """The container of any kind of workload. `configmap` is the name of the ConfigMap with its environment."""
    manifest: Manifest = {
        "name": NAME,
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "resources": merge(_RESOURCES, settings.resources),
        "securityContext": RESTRICTED,
    }
    optional: Manifest = {
        "command": list(settings.command),
        "args": list(settings.args),
        "envFrom": [{"configMapRef": {"name": configmap}}] if configmap else [],
        "env": _references(settings),
        "volumeMounts": [*files.mounts(settings), *persistence.mounts(settings)],
    }
    return manifest | {name: field for name, field in optional.items() if field}


def serving(settings: AppConfig, health: str | None) -> Manifest:
    """Fields of a container that serves requests: port, probes, and time for clients to stop using a pod that ends."""
    if settings.port is None:
        return {}
    probe: Manifest = settings.probes
    if not probe:
        path = settings.health or health
        probe = {"httpGet": {"path": path, "port": ports.NAME}} if path else {"tcpSocket": {"port": ports.NAME}}
    return {
        "ports": [{"name": ports.NAME, "containerPort": settings.port}],
        "startupProbe": merge({"periodSeconds": 1, "failureThreshold": _START_S}, probe),
        "readinessProbe": merge({"periodSeconds": 5}, probe),
        "livenessProbe": merge({"periodSeconds": 10, "timeoutSeconds": 5}, probe),
        # A terminating pod gets requests until every Envoy knows about it.
        "lifecycle": {"preStop": {"sleep": {"seconds": settings.drain_seconds}}},
    }


def environment(settings: AppConfig) -> dict[str, str]:
    """Variables with plain texts, for a ConfigMap."""
    return {name: variable.value for name, variable in settings.env.items() if variable.value is not None}


def _references(settings: AppConfig) -> list[Manifest]:
    """Variables that are not plain texts, sorted: their order in the stack's file must not replace pods."""
    sources: dict[str, Manifest] = {
        name: {"secretKeyRef": {"name": variable.secret, "key": variable.key}}
        if variable.secret
        else variable.value_from or {}
        for name, variable in settings.env.items()
        if variable.value is None
    }
    return [{"name": name, "valueFrom": sources[name]} for name in sorted(sources)]
