"""Scaling: how many pods a workload has, and how they are replaced."""

from config import AppConfig, ScaleConfig
from kube.manifest import Manifest

_CPU_PERCENT = 80
ROLLING: Manifest = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
"""Strategy that terminates an old pod only when a new one is ready."""


def replicas(settings: AppConfig) -> Manifest:
    """The field `replicas` of a Deployment; omitted with an autoscaler, because `up` must not reset its number."""
    return {} if settings.scale else {"replicas": settings.replicas}


def autoscaler(scale: ScaleConfig, deployment: str) -> Manifest:
    """The spec of a HorizontalPodAutoscaler. It needs metrics-server or a replacement for it.

    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    targets = {"cpu": scale.cpu, "memory": scale.memory}
    if scale.cpu is None and scale.memory is None:
        targets = {"cpu": _CPU_PERCENT}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": scale.min,
        "maxReplicas": scale.max,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": target}},
            }
            for name, target in targets.items()
            if target is not None
        ],
    }
