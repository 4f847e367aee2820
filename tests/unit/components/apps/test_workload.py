"""Workload and Job: what the settings of an app become."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components import Job, JobArgs, Secrets, Workload, WorkloadArgs
from config import FurtherAppConfig
from kube.namespace import Namespace
from tests.unit import parts
from tests.unit import recording as mocks
from tests.unit.recording import Recorded, Recording, Secret, record

IMAGE = "registry.example/shop:1"
CONTENTS = {"keys": {"token": "hunter2", "other": "x"}, "unused": {"a": "b"}}


def settings(**keys: Any) -> FurtherAppConfig:
    return FurtherAppConfig.model_validate_json(json.dumps({"image": IMAGE, **keys}))


def build(
    *, health_path: str | None = None, contents: Mapping[str, Mapping[str, str]] = CONTENTS, **keys: Any
) -> Recording:
    """The app `shop` with these settings."""

    def program() -> None:
        cluster = parts.on_cluster()
        namespace = Namespace.restricted("chat", "chat", cluster)
        secrets = Secrets.made(contents, namespace, cluster)
        app = settings(**keys)
        if app.kind == "Deployment":
            args = WorkloadArgs(
                settings=app, namespace=namespace, secrets=secrets, health_path=health_path, timeout_s=60
            )
            Workload("shop", args, cluster)
        else:
            jobs = JobArgs(
                settings=app,
                namespace=namespace,
                secrets=secrets,
                schedule=app.schedule,
                fields=app.job,
                timeout_s=60,
            )
            Job("shop", jobs, cluster)

    return record(program)


def deployment(recording: Recording) -> dict[str, Any]:
    spec = recording["shop-deployment"].inputs["spec"]
    # Of what has a secret in it the mocks take the whole for one.
    return spec.value if isinstance(spec, Secret) else spec


def pod(recording: Recording) -> dict[str, Any]:
    return deployment(recording)["template"]["spec"]


def container(recording: Recording) -> dict[str, Any]:
    return pod(recording)["containers"][0]


def annotations(recording: Recording) -> dict[str, Any]:
    return deployment(recording)["template"]["metadata"].get("annotations", {})


# Image, environment and files


def test_an_image_comes_by_digest_from_a_registry_that_wants_to_know_who_asks() -> None:
    image = f"registry.example/shop@sha256:{'0' * 64}"
    recording = build(image=image, pullPolicy="Always", pullSecrets=["registry"])
    assert (container(recording)["image"], container(recording)["imagePullPolicy"]) == (image, "Always")
    assert pod(recording)["imagePullSecrets"] == [{"name": "registry"}]


def test_what_runs_is_the_images_own_unless_a_command_is_given() -> None:
    assert not {"command", "args"} & container(build()).keys()
    made = container(build(command=["/bin/shop"], args=["--fast", ""]))
    assert (made["command"], made["args"]) == (["/bin/shop"], ["--fast", ""])


def test_an_app_without_variables_has_no_configmap() -> None:
    recording = build()
    assert recording.of_kind("ConfigMap") == []
    assert "envFrom" not in container(recording)


def test_variables_are_texts_or_come_from_elsewhere() -> None:
    node = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    recording = build(env={"LEVEL": "debug", "TOKEN": {"secret": "keys", "key": "token"}, "NODE": {"valueFrom": node}})
    assert recording["shop-configmap"].inputs["data"] == {"LEVEL": "debug"}
    assert container(recording)["env"] == [
        {"name": "NODE", "valueFrom": node},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
    ]


def test_each_file_is_mounted_at_its_path_and_hides_nothing_beside_it() -> None:
    recording = build(files={"/etc/shop/a.conf": "a", "/etc/shop/key": {"secret": "keys", "key": "token"}})
    assert recording["shop-files"].inputs["data"] == {"etc_shop_a.conf": "a"}
    (volume,) = pod(recording)["volumes"]
    assert volume["projected"]["sources"] == [
        {"configMap": {"name": "shop-files"}},
        {"secret": {"name": "keys", "items": [{"key": "token", "path": "etc_shop_key"}]}},
    ]
    mounts = {each["mountPath"]: each["subPath"] for each in container(recording)["volumeMounts"]}
    assert mounts == {"/etc/shop/a.conf": "etc_shop_a.conf", "/etc/shop/key": "etc_shop_key"}


# A change replaces the pods that it concerns


def template_changes(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    one, other = (deployment(build(**keys))["template"] for keys in (before, after))
    assert one["spec"] == other["spec"]
    notes = {*one["metadata"].get("annotations", {}).items()} ^ {*other["metadata"].get("annotations", {}).items()}
    return {name for name, _ in notes}


def test_a_change_of_a_text_marks_the_pods() -> None:
    assert template_changes({"env": {"A": "1"}}, {"env": {"A": "2"}}) == {"synergychat/settings-sha256"}
    assert template_changes({"files": {"/a": "1"}}, {"files": {"/a": "2"}}) == {"synergychat/files-sha256"}


USES = {
    "a variable": {"env": {"TOKEN": {"secret": "keys", "key": "token"}}},
    "a file": {"files": {"/key": {"secret": "keys", "key": "token"}}},
    "all variables": {"container": {"envFrom": [{"secretRef": {"name": "keys"}}]}},
    "a volume": {"pod": {"volumes": [{"name": "k", "secret": {"secretName": "keys"}}]}},
    "an init container": {
        "pod": {
            "initContainers": [
                {
                    "name": "i",
                    "image": IMAGE,
                    "env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}],
                }
            ]
        }
    },
}


@pytest.mark.parametrize("use", USES)
def test_a_change_of_a_secret_marks_the_pods_that_use_it(use: str) -> None:
    changed = CONTENTS | {"keys": {"token": "hunter3", "other": "x"}}
    before = annotations(build(**USES[use]))
    after = annotations(build(**USES[use], contents=changed))
    assert before.keys() == {"synergychat/secrets-hmac"}
    assert before != after


@pytest.mark.parametrize("use", USES)
def test_a_change_of_another_secret_marks_no_pods(use: str) -> None:
    changed = CONTENTS | {"unused": {"a": "c"}}
    assert build(**USES[use], contents=changed)["shop-deployment"] == build(**USES[use])["shop-deployment"]


def test_the_mark_of_a_secret_is_kept_as_a_secret_and_guesses_at_its_content_cannot_be_tried_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = build(**USES["a variable"])
    mark = annotations(recording)["synergychat/secrets-hmac"]
    assert isinstance(recording["shop-deployment"].inputs["spec"], Secret)
    # The same content in another Secret.
    monkeypatch.setattr(mocks, "UID", "another")
    assert annotations(build(**USES["a variable"]))["synergychat/secrets-hmac"] != mark


def test_pods_come_after_the_secrets_that_they_use_and_wait_for_no_others() -> None:
    recording = build(**USES["a volume"])
    assert recording.waits_for("shop-deployment", "secret-keys")
    assert not recording.waits_for("shop-deployment", "secret-unused")


def test_a_pull_secret_of_the_stack_is_there_before_the_pods_and_its_change_leaves_them() -> None:
    contents = {"registry": {"a": "1"}}
    recording = build(contents=contents, pullSecrets=["registry", "made-by-others"])
    assert recording.waits_for("shop-deployment", "secret-registry")
    assert "synergychat/secrets-hmac" not in annotations(recording)


# Probes


@pytest.mark.parametrize(
    ("keys", "handler"),
    [
        ({}, {"tcpSocket": {"port": "http"}}),
        ({"health": "/ready"}, {"httpGet": {"path": "/ready", "port": "http"}}),
        ({"probes": {"grpc": {"port": 9000}}}, {"grpc": {"port": 9000}}),
    ],
    ids=str,
)
def test_probes_fit_the_app(keys: dict[str, Any], handler: dict[str, Any]) -> None:
    made = container(build(**keys))
    assert all(made[probe].items() >= handler.items() for probe in ("startupProbe", "readinessProbe", "livenessProbe"))


def test_the_settings_know_the_health_path_better_than_the_program() -> None:
    assert container(build(health_path="/"))["livenessProbe"]["httpGet"]["path"] == "/"
    assert container(build(health_path="/", health="/live"))["livenessProbe"]["httpGet"]["path"] == "/live"


def test_an_app_without_a_port_has_no_probes_and_no_service() -> None:
    recording = build(port=None)
    assert recording.of_kind("Service") == []
    assert not {"ports", "startupProbe", "readinessProbe", "livenessProbe"} & container(recording).keys()


def test_a_service_has_the_further_ports_that_it_is_given_as_they_are() -> None:
    further = {"name": "grpc", "port": 9000, "appProtocol": "kubernetes.io/h2c"}
    own, *others = build(ports=[further])["shop-service"].inputs["spec"]["ports"]
    assert (own["port"], others) == (80, [further])


def test_a_service_says_what_its_app_speaks() -> None:
    recording = build(appProtocol="kubernetes.io/h2c", servicePort=9000)
    assert recording["shop-service"].inputs["spec"]["ports"] == [
        {"name": "http", "port": 9000, "targetPort": "http", "appProtocol": "kubernetes.io/h2c"}
    ]
    assert recording["shop-service"].inputs["metadata"]["name"] == "shop"


# How many


def test_one_pod_has_no_budget_and_nothing_to_spread() -> None:
    recording = build()
    assert recording.of_kind("PodDisruptionBudget") == []
    assert "topologySpreadConstraints" not in pod(recording)


def test_several_pods_are_spread_and_leave_one_by_one() -> None:
    recording = build(replicas=2)
    budget = recording["shop-pdb"].inputs["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == deployment(recording)["selector"]
    spread = {each["topologyKey"]: each["whenUnsatisfiable"] for each in pod(recording)["topologySpreadConstraints"]}
    assert spread == {
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
    named = {each["resource"]["name"]: each["resource"]["target"]["averageUtilization"] for each in scaler["metrics"]}
    assert named == metrics
    assert recording.of_kind("PodDisruptionBudget")


@pytest.mark.parametrize(("keys", "seconds"), [({}, 3), ({"drainSeconds": 20}, 20)])
def test_a_pod_outlives_the_requests_that_envoy_may_still_send_it(keys: dict[str, Any], seconds: int) -> None:
    recording = build(**keys)
    pause = container(recording)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause == seconds
    # Envoy waits for an answer for 15 seconds, unless a route says otherwise.
    assert pod(recording)["terminationGracePeriodSeconds"] > pause + 15


# Persistence


def test_a_volume_has_one_pod_at_a_time_that_may_write_to_it() -> None:
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


def test_without_a_storage_class_the_clusters_own_is_meant() -> None:
    assert "storageClassName" not in build(persistence={"size": "1Gi"})["shop-data"].inputs["spec"]


# Wire form


def test_resources_are_laid_over_the_programs() -> None:
    made = container(build(resources={"requests": {"cpu": "1"}, "limits": {"cpu": None}}))["resources"]
    assert made["requests"] == {"cpu": "1", "memory": "32Mi"}
    assert {name: limit for name, limit in made["limits"].items() if limit} == {"memory": "256Mi"}


def test_fields_of_the_container_and_of_the_pod_are_laid_over_the_programs() -> None:
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


def test_further_containers_volumes_and_mounts_come_beside_the_programs_and_are_restricted() -> None:
    recording = build(
        files={"/etc/a": "a"},
        container={"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},  # noqa: S108 # in a container
        pod={
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "containers": [{"name": "side", "image": IMAGE}],
            "initContainers": [{"name": "first", "image": IMAGE, "securityContext": {"runAsUser": 1}}],
        },
    )
    assert [each["name"] for each in pod(recording)["volumes"]] == ["files", "tmp"]
    assert [each["mountPath"] for each in container(recording)["volumeMounts"]] == ["/etc/a", "/tmp"]  # noqa: S108
    app, side = pod(recording)["containers"]
    (first,) = pod(recording)["initContainers"]
    assert (app["name"], side["name"]) == ("app", "side")
    assert side["securityContext"] == app["securityContext"]
    assert first["securityContext"] == app["securityContext"] | {"runAsUser": 1}


# Jobs


def made(recording: Recording, kind: str) -> Recorded:
    (found,) = recording.of_kind(kind)
    return found


def test_a_job_runs_to_its_end_with_what_it_is_given() -> None:
    recording = build(kind="Job", env={"A": "1"}, files={"/b": "2"})
    spec = made(recording, "Job").inputs["spec"]["template"]["spec"]
    assert spec["restartPolicy"] == "Never"
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports"} & spec["containers"][0].keys()
    assert recording.waits_for("shop-job", "shop-configmap")
    assert recording.waits_for("shop-job", "shop-files")
    assert recording.of_kind("Service") == recording.of_kind("Deployment") == []


def test_a_job_is_waited_for_to_the_end() -> None:
    # What the provider does of itself unless it is told otherwise.
    notes = made(build(kind="Job"), "Job").inputs["metadata"]["annotations"]
    assert not {"pulumi.com/skipAwait", "pulumi.com/waitFor"} & notes.keys()


def test_a_cronjob_runs_by_its_schedule_and_never_twice_at_once() -> None:
    spec = made(build(kind="CronJob", schedule="0 3 * * *"), "CronJob").inputs["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 3 * * *", "Etc/UTC", "Forbid")
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


@pytest.mark.parametrize(
    ("keys", "way"),
    [({"kind": "Job"}, ()), ({"kind": "CronJob", "schedule": "@daily"}, ("jobTemplate", "spec"))],
    ids=["Job", "CronJob"],
)
def test_fields_of_a_job_are_laid_over_the_programs(keys: dict[str, Any], way: tuple[str, ...]) -> None:
    run = made(build(**keys, job={"backoffLimit": 0, "completions": 2}), keys["kind"]).inputs["spec"]
    for step in way:
        run = run[step]
    assert (run["backoffLimit"], run["completions"]) == (0, 2)
    assert run["template"]["spec"]["containers"][0]["image"] == IMAGE


# Accounts


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_every_workload_has_an_account_of_its_own_and_no_token(kind: str) -> None:
    recording = build(kind=kind)
    account = made(recording, "ServiceAccount").inputs
    spec = made(recording, kind).inputs["spec"]["template"]["spec"]
    assert account["metadata"]["name"] == spec["serviceAccountName"] == "shop"
    assert account["automountServiceAccountToken"] is spec["automountServiceAccountToken"] is False


def test_pods_that_ask_for_a_token_have_one() -> None:
    assert pod(build(pod={"automountServiceAccountToken": True}))["automountServiceAccountToken"] is True
