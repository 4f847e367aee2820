"""Scaling: how many pods a workload has, how they end, and the volume that outlives them."""

from typing import Any

import pytest

from tests.unit.components.apps.app import build, container, deployment, pod


def test_a_single_pod_has_no_budget_and_is_not_spread() -> None:
    recording = build()
    assert recording.of_kind("PodDisruptionBudget") == []
    assert "topologySpreadConstraints" not in pod(recording)


def test_several_pods_are_spread_and_evicted_one_by_one() -> None:
    recording = build(replicas=2)
    budget = recording["shop-pdb"].inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == deployment(recording)["selector"]
    constraints = pod(recording)["topologySpreadConstraints"]
    assert {constraint["topologyKey"]: constraint["whenUnsatisfiable"] for constraint in constraints} == {
        "topology.kubernetes.io/zone": "ScheduleAnyway",
        "kubernetes.io/hostname": "ScheduleAnyway",
    }


@pytest.mark.parametrize(
    ("shares", "metrics"),
    [({}, {"cpu": 80}), ({"cpu": 50}, {"cpu": 50}), ({"memory": 70}, {"memory": 70}), ({"cpu": 1, "memory": 2},) * 2],
    ids=str,
)
def test_an_autoscaler_sets_the_number_of_pods_and_the_program_does_not(
    shares: dict[str, int], metrics: dict[str, int]
) -> None:
    recording = build(scale={"min": 2, "max": 5, **shares})
    assert "replicas" not in deployment(recording)
    scaler = recording["shop-hpa"].inputs["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    resources = [metric["resource"] for metric in scaler["metrics"]]
    assert {resource["name"]: resource["target"]["averageUtilization"] for resource in resources} == metrics
    assert recording.of_kind("PodDisruptionBudget")


@pytest.mark.parametrize(("keys", "seconds"), [({}, 3), ({"drainSeconds": 20}, 20)])
def test_a_pod_ends_only_after_the_requests_that_envoy_may_still_send_to_it(keys: dict[str, Any], seconds: int) -> None:
    recording = build(**keys)
    pause = container(recording)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause == seconds
    # Envoy waits for an answer for 15 seconds, unless a route says otherwise.
    assert pod(recording)["terminationGracePeriodSeconds"] > pause + 15


def test_only_one_pod_at_a_time_writes_to_a_volume() -> None:
    recording = build(persistence={"size": "1Gi", "path": "/var/shop", "storageClass": "fast"})
    assert recording["shop-data"].inputs["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "fast",
    }
    assert deployment(recording)["strategy"] == {"type": "Recreate"}
    assert deployment(recording)["replicas"] == 1
    assert pod(recording)["securityContext"]["fsGroup"] == pod(recording)["securityContext"]["runAsGroup"]
    assert pod(recording)["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "shop-data"}}]
    assert container(recording)["volumeMounts"] == [{"name": "data", "mountPath": "/var/shop"}]
    assert recording.waits_for("shop-deployment", "shop-data")


def test_without_a_storage_class_the_cluster_uses_its_default() -> None:
    assert "storageClassName" not in build(persistence={"size": "1Gi"})["shop-data"].inputs["spec"]
