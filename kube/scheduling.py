"""Scheduling: how pods of one workload are spread, and how a drain evicts them."""

from kube.manifest import Manifest

_ZONE, _NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def spread(selector: dict[str, str]) -> list[Manifest]:
    """Topology spread constraints over zones and nodes, as far as there is room.

    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
            # Count the pods of one rollout only: the old ones are about to terminate.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in (_ZONE, _NODE)
    ]


def disruption_budget(selector: dict[str, str]) -> Manifest:
    """The spec of a PodDisruptionBudget that lets a drain evict one pod at a time.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    return {
        "maxUnavailable": 1,
        "selector": {"matchLabels": selector},
        # A pod that is not ready anyway must not block a drain.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
