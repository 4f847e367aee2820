"""Failures of the pods behind an object that is not ready."""

import pytest

from health.failure import Container
from health.rows import rows
from kube.manifest import Manifest
from tests.unit.health.cluster_objects import IMAGE, REPLICA_SET, condition, deployment, ended, pod, text_of, waiting


def reasons(*pods: Manifest, kubectl: str = "kubectl --context kind-one") -> list[str]:
    """The lines that pods add to the text about their Deployment."""
    return text_of(deployment(availableReplicas=0), REPLICA_SET, *pods, kubectl=kubectl).splitlines()[1:]


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled_is_named_with_a_fix(reason: str) -> None:
    named = f"container app ({IMAGE}): {reason}: no such host"
    assert reasons(pod(waiting(reason, "no such host"))) == [
        named,
        "-> Check the name, and that the nodes may pull it: kubectl --context kind-one describe pod -n chat",
        "-> The cluster that `make up` starts reaches no registry: "
        ".venv/bin/python -m local.cluster load-image ARCHIVE (which `docker save` writes)",
    ]


def test_a_container_without_its_configuration_names_it() -> None:
    assert reasons(pod(waiting("CreateContainerConfigError", 'configmap "web" not found')))[0] == (
        f'container app ({IMAGE}): CreateContainerConfigError: configmap "web" not found'
    )


def test_a_crashing_container_is_shown_with_the_end_of_its_logs() -> None:
    crashing = pod(waiting("CrashLoopBackOff", "back-off 20s"), before=ended(1), restarts=4)
    asked: list[Container] = []

    def last_words(container: Container) -> str:
        asked.append(container)
        return "starting\nerror: no port\n"

    (row,) = rows([deployment(availableReplicas=0), REPLICA_SET, crashing], ".venv/bin/kubectl", last_words)
    assert row.text.splitlines()[1:] == [
        f"container app ({IMAGE}): CrashLoopBackOff: exit code 1, restarts: 4",
        "  | starting",
        "  | error: no port",
        "-> .venv/bin/kubectl logs -n chat web-1-a -c app --previous",
    ]
    assert asked == [Container("chat", "web-1-a", "app", previous=True)]


@pytest.mark.parametrize(
    ("crashing", "previous"),
    [
        (pod(ended(137, "OOMKilled"), restarts=1), False),
        (pod({"running": {}}, before=ended(137, "OOMKilled"), restarts=1), True),
    ],
    ids=["just ended", "started again"],
)
def test_a_crashing_container_is_found_in_every_state(crashing: Manifest, previous: bool) -> None:
    first, fix = reasons(crashing)
    assert first == f"container app ({IMAGE}): OOMKilled: exit code 137, restarts: 1"
    assert fix.endswith(" -c app --previous" if previous else " -c app")


@pytest.mark.parametrize("state", [waiting("ContainerCreating"), waiting("PodInitializing"), {"running": {}}, ended(0)])
def test_a_starting_pod_has_no_failure(state: Manifest) -> None:
    assert reasons(pod(state)) == []


def test_a_terminating_pod_has_no_failure() -> None:
    leaving = pod(waiting("CrashLoopBackOff"), before=ended(1))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    assert reasons(leaving) == []


def test_a_pod_that_cannot_be_scheduled_shows_why() -> None:
    nowhere = pod(waiting("ContainerCreating"))
    unscheduled = condition("PodScheduled", "False", "Unschedulable", "0/1 nodes are available: 1 Insufficient memory.")
    nowhere["status"] = {"conditions": [unscheduled]}
    assert reasons(nowhere) == [
        "pod: Unschedulable: 0/1 nodes are available: 1 Insufficient memory.",
        "-> kubectl --context kind-one describe nodes",
    ]


def test_replicas_that_fail_alike_are_shown_once() -> None:
    replicas = [pod(waiting("RunContainerError", f"id {letter}"), f"web-1-{letter}") for letter in "abc"]
    assert reasons(*replicas) == reasons(replicas[-1])


def test_the_pods_of_a_ready_deployment_do_not_matter() -> None:
    assert text_of(deployment(), REPLICA_SET, pod(waiting("CrashLoopBackOff"), before=ended(1))) == ""
