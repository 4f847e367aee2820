"""The container of a workload, in wire form."""

from components.apps.workload import files, persistence, ports
from components.gateway.manifests import Wire
from config import AppConfig
from kube.merge import overlaid

NAME = "app"
# Of its own, for a change would replace the pods: how long an `up` waits must not.
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


def container(settings: AppConfig, *, configmap: str | None) -> Wire:
    """What every kind of workload has. `configmap` is the name of the one that holds its environment."""
    wire: Wire = {
        "name": NAME,
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "resources": overlaid(_RESOURCES, settings.resources),
        "securityContext": RESTRICTED,
    }
    optional: Wire = {
        "command": list(settings.command),
        "args": list(settings.args),
        "envFrom": [{"configMapRef": {"name": configmap}}] if configmap else [],
        "env": _referring(settings),
        "volumeMounts": [*files.mounts(settings), *persistence.mounts(settings)],
    }
    return wire | {name: field for name, field in optional.items() if field}


def serving(settings: AppConfig, health: str | None) -> Wire:
    """What those have beside it that answer requests: a port, the probes of it, time to be forgotten by clients."""
    if settings.port is None:
        return {}
    probe: Wire = dict(settings.probes)
    if not probe:
        path = settings.health or health
        probe = {"httpGet": {"path": path, "port": ports.NAME}} if path else {"tcpSocket": {"port": ports.NAME}}
    return {
        "ports": [{"name": ports.NAME, "containerPort": settings.port}],
        "startupProbe": {"periodSeconds": 1, "failureThreshold": _START_S} | probe,
        "readinessProbe": {"periodSeconds": 5} | probe,
        "livenessProbe": {"periodSeconds": 10, "timeoutSeconds": 5} | probe,
        # A pod that ends still gets requests until every Envoy has heard of it.
        "lifecycle": {"preStop": {"sleep": {"seconds": settings.drain_seconds}}},
    }


def environment(settings: AppConfig) -> dict[str, str]:
    """The variables with plain texts: they go into a ConfigMap."""
    return {name: each.value for name, each in settings.env.items() if each.value is not None}


def _referring(settings: AppConfig) -> list[Wire]:
    """The others, in an order of their own, as that in a stack's file must not replace pods."""
    sources: dict[str, Wire] = {
        name: {"secretKeyRef": {"name": each.secret, "key": each.key}} if each.secret else each.value_from or {}
        for name, each in settings.env.items()
        if each.value is None
    }
    return [{"name": name, "valueFrom": sources[name]} for name in sorted(sources)]
