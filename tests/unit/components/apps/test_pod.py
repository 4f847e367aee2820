"""The pods of a workload: fields that the config merges over the program's, and their account."""

import pytest

from tests.unit.components.apps.app import IMAGE, build, container, pod


def test_fields_of_the_container_and_the_pod_are_merged_over_the_programs() -> None:
    recording = build(
        container={"workingDir": "/srv", "securityContext": {"readOnlyRootFilesystem": False}},
        pod={"nodeSelector": {"disk": "ssd"}, "securityContext": {"runAsUser": 1000}},
    )
    assert container(recording)["workingDir"] == "/srv"
    assert container(recording)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(recording)["nodeSelector"] == {"disk": "ssd"}
    assert pod(recording)["securityContext"]["runAsUser"] == 1000
    assert pod(recording)["securityContext"]["runAsNonRoot"] is True


def test_extra_containers_volumes_and_mounts_join_the_programs_and_are_restricted() -> None:
    recording = build(
        files={"/etc/a": "a"},
        container={"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},  # noqa: S108 # in a container
        pod={
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "containers": [{"name": "side", "image": IMAGE}],
            "initContainers": [{"name": "first", "image": IMAGE, "securityContext": {"runAsUser": 1}}],
        },
    )
    assert [volume["name"] for volume in pod(recording)["volumes"]] == ["files", "tmp"]
    assert [mount["mountPath"] for mount in container(recording)["volumeMounts"]] == ["/etc/a", "/tmp"]  # noqa: S108
    app, side = pod(recording)["containers"]
    (first,) = pod(recording)["initContainers"]
    assert (app["name"], side["name"]) == ("app", "side")
    assert side["securityContext"] == app["securityContext"]
    assert first["securityContext"] == app["securityContext"] | {"runAsUser": 1}


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_workload_has_a_service_account_of_its_own_and_no_token(kind: str) -> None:
    recording = build(kind=kind)
    (account,), (workload,) = recording.of_kind("ServiceAccount"), recording.of_kind(kind)
    spec = workload.inputs["spec"]["template"]["spec"]
    assert account.inputs["metadata"]["name"] == spec["serviceAccountName"] == "shop"
    assert account.inputs["automountServiceAccountToken"] is spec["automountServiceAccountToken"] is False


def test_pods_may_have_a_token() -> None:
    assert pod(build(pod={"automountServiceAccountToken": True}))["automountServiceAccountToken"] is True
