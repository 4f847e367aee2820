"""Health of Jobs, Services and Deployments."""

from typing import Any

import pytest

from health.rows import Row, rows
from kube.manifest import Manifest
from tests.unit.health.cluster_objects import (
    GENERATION,
    IMAGE,
    an_object,
    condition,
    deployment,
    pod,
    text_of,
    waiting,
)


def job(*conditions: Manifest, **counts: int) -> Manifest:
    return an_object("Job", "batch/v1", "certgen", status={"conditions": conditions, **counts})


def test_a_job_is_ready_when_it_is_complete() -> None:
    assert text_of(job(condition("SuccessCriteriaMet"), condition("Complete"), succeeded=1)) == ""
    assert text_of(job(condition("Failed", reason="BackoffLimitExceeded", message="it has failed twice"))) == (
        "BackoffLimitExceeded: it has failed twice"
    )


def test_an_incomplete_job_shows_why_its_pod_does_not_run() -> None:
    pulling = pod(waiting("ErrImagePull", "no such host"))
    pulling["metadata"]["ownerReferences"] = [{"uid": "Job certgen"}]
    first, second, *_ = text_of(job(active=1), pulling).splitlines()
    assert first == "not complete yet: 1 active, 0 failed"
    assert second == f"container app ({IMAGE}): ErrImagePull: no such host"


@pytest.mark.parametrize(
    ("ingress", "expected"),
    [
        ([{"ip": "192.0.2.1"}], "192.0.2.1"),
        ([{"hostname": "lb.example.com"}], "lb.example.com"),
        ([], "it has no address from a load balancer yet"),
    ],
)
def test_a_load_balancers_service_must_have_an_address(ingress: list[Manifest], expected: str) -> None:
    service = an_object("Service", "v1", spec={"type": "LoadBalancer"}, status={"loadBalancer": {"ingress": ingress}})
    (row,) = rows([service], "kubectl")
    assert row.text.splitlines()[0] == expected
    assert row.state == ("ok" if ingress else "failing")


def test_a_service_inside_the_cluster_is_not_listed() -> None:
    assert rows([an_object("Service", "v1", spec={"type": "ClusterIP"}, status={"loadBalancer": {}})], "kubectl") == []


def test_a_deployment_is_ready_when_its_rollout_is_complete() -> None:
    through = [condition("Progressing"), condition("Available")]
    assert rows([deployment(conditions=through)], "kubectl") == [
        Row("Deployment", "web", "ok", "2/2 available", "chat")
    ]
    assert text_of(deployment(asked=0)) == ""


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # A rollout that is stuck: the earlier pods are ready, as many as are wanted.
        (
            {"replicas": 3, "updatedReplicas": 1},
            "1 of 2 replicas updated, 2 available, 2 of an earlier version",
        ),
        ({"replicas": 3}, "2 of 2 replicas updated, 2 available, 1 of an earlier version"),
        ({"availableReplicas": 1}, "2 of 2 replicas updated, 1 available"),
        ({"updatedReplicas": 0, "replicas": 0, "availableReplicas": 0}, "0 of 2 replicas updated, 0 available"),
        ({"seen": GENERATION - 1}, "its last change is not processed yet"),
    ],
)
def test_an_incomplete_rollout_is_not_ready_although_enough_pods_are(counts: dict[str, Any], expected: str) -> None:
    assert text_of(deployment(**counts)) == expected


def test_a_deployment_shows_its_own_conditions() -> None:
    conditions = [
        condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
        condition("Progressing", "False", "ProgressDeadlineExceeded", "ReplicaSet web-1 has timed out progressing."),
        condition("ReplicaFailure", "True", "FailedCreate", "pods web-1 is forbidden: violates PodSecurity"),
    ]
    assert text_of(deployment(updatedReplicas=0, conditions=conditions)).splitlines()[1:] == [
        "MinimumReplicasUnavailable: Deployment does not have minimum availability.",
        "ProgressDeadlineExceeded: ReplicaSet web-1 has timed out progressing.",
        "FailedCreate: pods web-1 is forbidden: violates PodSecurity",
    ]
