"""Chat: its three workloads, how they find each other, and pods that any namespace admits."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from components import Chat, ChatArgs
from plans.recording import Recording
from tests.unit import small_stack
from tests.unit.recording import record

WORKLOADS = ("web", "api", "crawler")


def build(*, preview: bool = False, **keys: Any) -> Recording:
    """The chat of a stack with these keys in its config."""
    settings = small_stack.stack(**keys).chat
    return record(lambda: Chat("synergychat", ChatArgs(settings=settings), small_stack.on_cluster()), preview=preview)


def environment(recording: Recording, workload: str) -> dict[str, str]:
    return recording[f"synergychat-{workload}-configmap"].inputs["data"]


def deployment(recording: Recording, workload: str) -> dict[str, Any]:
    return recording[f"synergychat-{workload}-deployment"].inputs["spec"]


def pod(recording: Recording, workload: str) -> dict[str, Any]:
    return deployment(recording, workload)["template"]["spec"]


def test_the_page_gets_its_port_and_the_public_url_of_the_api(preview: bool) -> None:
    gateway = {"exposure": "NodePort", "nodePort": 30080}
    recording = build(api={"hostname": "api.example"}, gateway=gateway, preview=preview)
    assert environment(recording, "web") == {"WEB_PORT": "8080", "API_URL": "http://api.example:30080"}


def test_the_api_gets_the_address_of_the_crawler(preview: bool) -> None:
    assert environment(build(preview=preview), "api") == {
        "API_PORT": "8080",
        "CRAWLER_BASE_URL": "http://crawler-service",
    }


def test_the_address_of_the_crawler_has_its_name_and_port() -> None:
    recording = build(crawler={"serviceName": "spider", "servicePort": 8000})
    assert environment(recording, "api")["CRAWLER_BASE_URL"] == "http://spider:8000"


def test_the_crawler_gets_its_keywords() -> None:
    recording = build(crawler={"keywords": ["love", "hate"]})
    assert environment(recording, "crawler") == {"CRAWLER_PORT": "8080", "CRAWLER_KEYWORDS": "love,hate"}


def test_a_port_of_the_config_reaches_the_process_its_pod_and_its_service() -> None:
    recording = build(api={"port": 9090, "servicePort": 81})
    assert environment(recording, "api")["API_PORT"] == "9090"
    (container,) = pod(recording, "api")["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 9090}]
    service = recording["synergychat-api-service"].inputs["spec"]
    assert service["ports"] == [{"name": "http", "port": 81, "targetPort": "http"}]


def test_the_settings_of_a_workload_reach_its_pods() -> None:
    recording = build(web={"image": "registry.example/web:1", "replicas": 3})
    assert deployment(recording, "web")["replicas"] == 3
    (container,) = pod(recording, "web")["containers"]
    assert container["image"] == "registry.example/web:1"
    assert container["envFrom"] == [{"configMapRef": {"name": "synergychat-web-configmap"}}]


def test_zero_replicas_are_zero_and_not_the_default() -> None:
    assert deployment(build(web={"replicas": 0}), "web")["replicas"] == 0


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_service_finds_the_pods_of_its_workload_and_of_no_other(workload: str) -> None:
    recording = build()
    selectors = {name: recording[f"synergychat-{name}-service"].inputs["spec"]["selector"] for name in WORKLOADS}
    labels = deployment(recording, workload)["template"]["metadata"]["labels"]
    assert [name for name in WORKLOADS if selectors[name].items() <= labels.items()] == [workload]
    assert deployment(recording, workload)["selector"] == {"matchLabels": selectors[workload]}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_everything_of_a_workload_is_in_the_chats_namespace(workload: str, preview: bool) -> None:
    recording = build(namespace="chat", preview=preview)
    roles = ("configmap", "deployment", "service")
    resources = [recording[f"synergychat-{workload}-{role}"] for role in roles]
    assert {resource.inputs["metadata"]["namespace"] for resource in resources} == {"chat"}
    assert recording["synergychat-namespace"].inputs["metadata"]["name"] == "chat"


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_namespace_comes_before_its_objects_and_the_pods_before_their_service(workload: str) -> None:
    recording, prefix = build(), f"synergychat-{workload}"
    assert recording.waits_for(f"{prefix}-configmap", "synergychat-namespace")
    assert recording.waits_for(f"{prefix}-deployment", f"{prefix}-configmap")
    assert recording.waits_for(f"{prefix}-service", f"{prefix}-deployment")


@pytest.mark.parametrize(("one", "other"), list(permutations(WORKLOADS, 2)))
def test_no_workload_waits_for_another(one: str, other: str) -> None:
    assert not build().waits_for(f"synergychat-{one}-service", f"synergychat-{other}-configmap")


def test_messages_are_stored_in_the_volume_if_there_is_one() -> None:
    recording = build(api={"persistence": {"size": "1Gi", "path": "/var/chat"}})
    assert environment(recording, "api")["API_DB_FILEPATH"] == "/var/chat/messages.json"
    (mount,) = pod(recording, "api")["containers"][0]["volumeMounts"]
    assert mount["mountPath"] == "/var/chat"
    assert "API_DB_FILEPATH" not in environment(build(), "api")


def test_a_variable_of_the_config_wins_over_the_programs() -> None:
    recording = build(web={"env": {"API_URL": "https://api.example"}})
    assert environment(recording, "web")["API_URL"] == "https://api.example"


# Pods


def violations(spec: dict[str, Any]) -> Iterator[str]:
    """Fields of a pod that violate the *restricted* profile.

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


@pytest.mark.parametrize("workload", WORKLOADS)
def test_pods_meet_the_restricted_profile(workload: str) -> None:
    assert list(violations(pod(build(), workload))) == []


def test_the_namespace_admits_no_other_pods() -> None:
    labels = build()["synergychat-namespace"].inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("workload", WORKLOADS)
def test_pods_reach_no_api_server_and_write_no_root_file_system(workload: str) -> None:
    spec = pod(build(), workload)
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    # The images name no user.
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["runAsGroup"] > 0


@pytest.mark.parametrize("workload", WORKLOADS)
def test_pods_have_requests_and_limits(workload: str) -> None:
    (container,) = pod(build(), workload)["containers"]
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize(("workload", "path"), [("web", "/"), ("api", "/healthz"), ("crawler", "/healthz")])
def test_a_pod_gets_requests_when_its_process_answers(workload: str, path: str) -> None:
    (container,) = pod(build(), workload)["containers"]
    handlers = [container[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert handlers == [{"path": path, "port": "http"}] * 3


@pytest.mark.parametrize("workload", WORKLOADS)
def test_an_old_pod_stays_until_a_new_one_is_ready(workload: str) -> None:
    strategy = deployment(build(), workload)["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_rollout_gives_up_before_the_wait_for_it_ends(workload: str) -> None:
    resource = build()[f"synergychat-{workload}-deployment"]
    assert resource.timeouts["create"] == f"{small_stack.TIMEOUT_S}s"
    assert resource.inputs["spec"]["progressDeadlineSeconds"] == 54
