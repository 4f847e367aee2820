"""Chat and Workload: the chat's three parts, how they find each other, and pods that any namespace admits."""

from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest

from components import Chat, Workload, WorkloadArgs
from components.apps.secrets import Secrets
from config import ApiConfig, CrawlerConfig, WebConfig
from kube.namespace import Namespace
from tests.unit import parts
from tests.unit.recording import Recorded, Recording, record

APPS = ("web", "api", "crawler")


def build(make: Callable[[pulumi.ResourceOptions], Chat] = parts.chat, *, preview: bool = False) -> Recording:
    return record(lambda: make(parts.on_cluster()), preview=preview)


def pod(recording: Recording, name: str) -> dict[str, Any]:
    return recording[f"{name}-deployment"].inputs["spec"]["template"]["spec"]


def test_the_page_is_told_its_port_and_the_public_url_of_the_api(preview: bool) -> None:
    recording = build(lambda cluster: parts.chat(cluster, api_url="http://api.example:30080"), preview=preview)
    assert recording["c-web-configmap"].inputs["data"] == {"WEB_PORT": "8080", "API_URL": "http://api.example:30080"}


def test_the_api_is_told_where_the_crawler_is(preview: bool) -> None:
    assert build(preview=preview)["c-api-configmap"].inputs["data"] == {
        "API_PORT": "8080",
        "CRAWLER_BASE_URL": "http://crawler-service",
    }


def test_a_crawler_on_another_port_is_found_there() -> None:
    crawler = CrawlerConfig.model_validate({"serviceName": "spider", "servicePort": 8000})
    recording = build(lambda cluster: parts.chat(cluster, crawler=crawler))
    assert recording["c-api-configmap"].inputs["data"]["CRAWLER_BASE_URL"] == "http://spider:8000"


def test_the_crawler_is_told_its_words() -> None:
    crawler = CrawlerConfig(keywords=("love", "hate"))
    recording = build(lambda cluster: parts.chat(cluster, crawler=crawler))
    assert recording["c-crawler-configmap"].inputs["data"] == {"CRAWLER_PORT": "8080", "CRAWLER_KEYWORDS": "love,hate"}


def test_a_process_is_told_the_port_that_its_pod_opens_and_its_service_leads_to() -> None:
    recording = build(
        lambda cluster: parts.chat(cluster, api=ApiConfig.model_validate({"port": 9090, "servicePort": 81}))
    )
    assert recording["c-api-configmap"].inputs["data"]["API_PORT"] == "9090"
    (container,) = pod(recording, "c-api")["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 9090}]
    service = recording["c-api-service"].inputs["spec"]
    assert service["ports"] == [{"name": "http", "port": 81, "targetPort": "http"}]


def test_the_settings_of_an_app_reach_its_pods() -> None:
    web = WebConfig(image="registry.example/web:1", replicas=3)
    recording = build(lambda cluster: parts.chat(cluster, web=web))
    assert recording["c-web-deployment"].inputs["spec"]["replicas"] == 3
    (container,) = pod(recording, "c-web")["containers"]
    assert container["image"] == "registry.example/web:1"
    assert container["envFrom"] == [{"configMapRef": {"name": "c-web-configmap"}}]


def test_no_replicas_are_asked_for_as_none_and_not_left_to_the_default() -> None:
    recording = build(lambda cluster: parts.chat(cluster, web=WebConfig(replicas=0)))
    assert recording["c-web-deployment"].inputs["spec"]["replicas"] == 0


@pytest.mark.parametrize("app", APPS)
def test_a_service_finds_the_pods_of_its_app_and_of_no_other(app: str) -> None:
    recording = build()
    selectors = {each: recording[f"c-{each}-service"].inputs["spec"]["selector"] for each in APPS}
    labels = recording[f"c-{app}-deployment"].inputs["spec"]["template"]["metadata"]["labels"]
    assert [each for each in APPS if selectors[each].items() <= labels.items()] == [app]
    assert recording[f"c-{app}-deployment"].inputs["spec"]["selector"] == {"matchLabels": selectors[app]}


@pytest.mark.parametrize("app", APPS)
def test_everything_of_an_app_is_in_the_chats_namespace(app: str, preview: bool) -> None:
    recording = build(preview=preview)
    roles = ("configmap", "deployment", "service")
    assert {recording[f"c-{app}-{role}"].inputs["metadata"]["namespace"] for role in roles} == {"chat"}
    assert recording["c-namespace"].inputs["metadata"]["name"] == "chat"


@pytest.mark.parametrize("app", APPS)
def test_a_namespace_comes_before_what_is_in_it_and_pods_before_their_service(app: str) -> None:
    recording = build()
    assert recording.waits_for(f"c-{app}-configmap", "c-namespace")
    assert recording.waits_for(f"c-{app}-deployment", f"c-{app}-configmap")
    assert recording.waits_for(f"c-{app}-service", f"c-{app}-deployment")


def test_no_part_of_the_chat_waits_for_another() -> None:
    recording = build()
    pairs = [(one, other) for one in APPS for other in APPS if one != other]
    assert not [pair for pair in pairs if recording.waits_for(f"c-{pair[0]}-service", f"c-{pair[1]}-configmap")]


def test_messages_are_kept_in_the_volume_where_there_is_one() -> None:
    kept = ApiConfig.model_validate_json('{"persistence": {"size": "1Gi", "path": "/var/chat"}}')
    recording = build(lambda cluster: parts.chat(cluster, api=kept))
    assert recording["c-api-configmap"].inputs["data"]["API_DB_FILEPATH"] == "/var/chat/messages.json"
    (mount,) = pod(recording, "c-api")["containers"][0]["volumeMounts"]
    assert mount["mountPath"] == "/var/chat"
    assert "API_DB_FILEPATH" not in build()["c-api-configmap"].inputs["data"]


def test_a_variable_of_the_config_wins_over_the_programs() -> None:
    web = WebConfig.model_validate_json('{"env": {"API_URL": "https://api.example"}}')
    recording = build(lambda cluster: parts.chat(cluster, web=web))
    assert recording["c-web-configmap"].inputs["data"]["API_URL"] == "https://api.example"


# Pods


def violations(spec: dict[str, Any]) -> Iterator[str]:
    """What the *restricted* profile holds against a pod.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    of_pod = spec.get("securityContext", {})
    volumes = {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
    yield from (key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    yield from (volume["name"] for volume in spec.get("volumes", []) if not set(volume) - {"name"} <= volumes)
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        own = container.get("securityContext", {})
        effective = of_pod | own
        if own.get("privileged"):
            yield "privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if effective.get("runAsNonRoot") is not True or effective.get("runAsUser") == 0:
            yield "runAsNonRoot"
        if effective.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "seccompProfile"
        capabilities = own.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield "capabilities"
        yield from (port["hostPort"] for port in container.get("ports", []) if port.get("hostPort"))


@pytest.mark.parametrize("app", APPS)
def test_pods_meet_the_restricted_profile(app: str) -> None:
    assert list(violations(pod(build(), f"c-{app}"))) == []


def test_the_namespace_admits_no_other_pods() -> None:
    labels = build()["c-namespace"].inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("app", APPS)
def test_pods_reach_no_api_server_and_write_no_root_file_system(app: str) -> None:
    spec = pod(build(), f"c-{app}")
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    # The images name no user.
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["runAsGroup"] > 0


@pytest.mark.parametrize("app", APPS)
def test_pods_ask_for_what_they_need_and_are_held_to_a_limit(app: str) -> None:
    (container,) = pod(build(), f"c-{app}")["containers"]
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize(("app", "path"), [("web", "/"), ("api", "/healthz"), ("crawler", "/healthz")])
def test_a_pod_gets_requests_when_its_process_answers(app: str, path: str) -> None:
    (container,) = pod(build(), f"c-{app}")["containers"]
    asked = [container[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert asked == [{"path": path, "port": "http"}] * 3


@pytest.mark.parametrize("app", APPS)
def test_an_old_pod_stays_until_a_new_one_answers(app: str) -> None:
    strategy = build()[f"c-{app}-deployment"].inputs["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.mark.parametrize("app", APPS)
def test_a_rollout_gives_up_before_the_wait_for_it_ends(app: str) -> None:
    deployment = build()[f"c-{app}-deployment"]
    assert deployment.timeouts["create"] == "60s"
    assert deployment.inputs["spec"]["progressDeadlineSeconds"] == 54


# A change of the environment


def workload(environment: dict[str, str]) -> dict[str, Recorded]:
    def program() -> None:
        args = WorkloadArgs(
            settings=WebConfig(),
            namespace=Namespace(name="chat", resource=pulumi.ComponentResource("test:index:Namespace", "chat")),
            secrets=Secrets(contents={}, resources={}),
            environment=environment,
            health_path="/",
            timeout_s=60,
        )
        Workload("app", args, parts.on_cluster())

    return record(program).resources


def differences(one: Any, other: Any, path: str = "") -> set[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys: set[str] = {*one, *other}
        return {found for key in keys for found in differences(one.get(key), other.get(key), f"{path}/{key}")}
    return set() if one == other else {path}


def test_a_changed_environment_changes_the_checksum_of_the_pods_and_nothing_else_of_them() -> None:
    before, after = workload({"A": "1", "B": "2"}), workload({"A": "1", "B": "3"})
    assert before.keys() == after.keys()
    changed = {urn.rpartition("::")[2]: differences(before[urn].inputs, after[urn].inputs) for urn in before}
    assert {name: found for name, found in changed.items() if found} == {
        "app-configmap": {"/data/B"},
        "app-deployment": {"/spec/template/metadata/annotations/synergychat/settings-sha256"},
    }


def test_the_order_of_an_environment_makes_no_difference() -> None:
    assert workload({"A": "1", "B": "2"}) == workload({"B": "2", "A": "1"})
