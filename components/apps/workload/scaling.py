"""How many pods a workload has, where they run, and how they are replaced."""

from components.gateway.manifests import Wire
from config import AppConfig, ScaleConfig

_CPU_PERCENT = 80
_ZONE, _NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
# A new pod answers before an old one goes.
ROLLING: Wire = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def replicas(settings: AppConfig) -> Wire:
    """A Deployment's field, left out where an autoscaler sets it: an `up` must not undo what that did."""
    return {} if settings.scale else {"replicas": settings.replicas}


def spread(selector: dict[str, str]) -> list[Wire]:
    """Pods of one workload over zones and nodes, as far as there is room.

    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
            # Only pods of one rollout are counted: the old ones are about to go.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in (_ZONE, _NODE)
    ]


def autoscaler(scale: ScaleConfig, deployment: str) -> Wire:
    """The spec of a HorizontalPodAutoscaler. It needs metrics-server, or what stands in for it.

    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    shares = {"cpu": scale.cpu, "memory": scale.memory}
    if scale.cpu is None and scale.memory is None:
        shares = {"cpu": _CPU_PERCENT}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": scale.min,
        "maxReplicas": scale.max,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": share}},
            }
            for name, share in shares.items()
            if share is not None
        ],
    }


def disruption_budget(selector: dict[str, str]) -> Wire:
    """The spec of a PodDisruptionBudget: a drained node takes one pod at a time.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    return {
        "maxUnavailable": 1,
        "selector": {"matchLabels": selector},
        # A pod that does not answer anyway must not keep a node from being drained.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
