"""The conditions by which a Deployment counts as rolled out."""

from typing import Any

import pytest

from kube import readiness
from tests.unit.readiness import is_ready


def deployment(replicas: int, /, **status: Any) -> dict[str, Any]:
    settled = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    given = {"observedGeneration": 3} | {name: count for name, count in settled.items() if count} | status
    return {
        "metadata": {"generation": 3, "annotations": readiness.wait_for(*readiness.rolled_out())},
        "spec": {"replicas": replicas},
        "status": given | {"conditions": [{"type": "Available", "status": status.get("available", "True")}]},
    }


@pytest.mark.parametrize("replicas", [0, 1, 3])
def test_a_deployment_is_ready_when_all_of_its_pods_are_new_and_available(replicas: int) -> None:
    assert is_ready(deployment(replicas))


@pytest.mark.parametrize(
    "status",
    [
        {"updatedReplicas": 0},
        {"updatedReplicas": 1},
        {"availableReplicas": 1},
        {"replicas": 3},
        {"available": "False"},
    ],
    ids=str,
)
def test_a_deployment_is_not_ready_while_a_pod_is_old_or_unavailable(status: dict[str, Any]) -> None:
    assert not is_ready(deployment(2, **status))


def test_a_deployment_without_a_status_is_not_ready() -> None:
    assert not is_ready(deployment(1) | {"status": {}})
