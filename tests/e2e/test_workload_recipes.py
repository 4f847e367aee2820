"""Every recipe of docs/workloads.md, applied to the stack and tested as a client sees it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.conftest import TestCluster
from tests.live.clients import ask
from tests.live.live_stack import LiveStack
from tests.live.pods import PodNetworks
from tests.live.recipes import Checked, file_with, programs, recipes, with_programs
from tests.live.waiting import wait_until

RECIPES, PROGRAMS = recipes("workloads.md"), programs("workloads.md")
ALONE = "Only my app, without the chat"
"""The recipe that takes away what others need."""
TOKEN = "correct horse battery staple"
REGISTRY = {"auths": {"registry.example.com": {"username": "ada", "password": TOKEN}}}

CHECKED = Checked()
of = CHECKED.of


@pytest.fixture(scope="module")
def gateway(stack: LiveStack, echo_images: object, original: str) -> Iterator[str]:
    """The address of the Gateway with all recipes."""
    main = stack.directory / "__main__.py"
    program = main.read_text()
    main.write_text(with_programs(program, PROGRAMS.values()))
    stack.file.write_text(file_with(original, [piece for heading, piece in RECIPES.items() if heading != ALONE]))
    _set_secret(stack, "payments.token", TOKEN)
    _set_secret(stack, 'registry[".dockerconfigjson"]', json.dumps(REGISTRY))
    stack.up()
    yield stack.gateway_address
    main.write_text(program)


def _set_secret(stack: LiveStack, key: str, value: str) -> None:
    done = stack.cli("config", "set", "--secret", "--path", f"synergychat:secrets.{key}", typed=value)
    assert done.returncode == 0, done.stdout


def test_every_recipe_has_a_test() -> None:
    assert CHECKED.headings == set(RECIPES) | set(PROGRAMS)


# Before anything else is changed


def test_without_a_volume_messages_go_with_the_pod(stack: LiveStack, original: str) -> None:
    _post(stack.gateway_address, "a word in passing")
    _replace_pods(stack, "synergychat-api")
    assert _messages(stack.gateway_address) == []


# What each recipe promises


@of("My app behind the gateway")
def test_an_app_of_the_config_answers_through_envoy(stack: LiveStack, gateway: str) -> None:
    answer = ask(gateway, "http://echo.internal/any/path").json()
    assert (answer["path"], answer["host"]) == ("/any/path", "echo.internal")
    assert stack.outputs["urls"]["echo"] == "http://echo.internal"
    assert len(_pods(stack, "echo")) == 2
    assert _found(stack, "pdb", "echo")["status"]["disruptionsAllowed"] == 1


@of("An app in Python")
def test_an_app_of_the_program_answers_through_envoy_and_nobody_else_reaches_it(
    stack: LiveStack, cluster: TestCluster, gateway: str
) -> None:
    assert ask(gateway, f"{stack.outputs['shop']}/variable/LEVEL").json() == "debug"
    (pod, _) = _pods(stack, "shop")
    networks = PodNetworks(cluster.directory)
    assert networks.connects("envoy-synergychat-app-gateway", pod["status"]["podIP"], 8080)
    assert not networks.connects("synergychat-web", pod["status"]["podIP"], 8080)


@of("An app that speaks gRPC")
def test_a_grpc_client_is_answered(gateway: str) -> None:
    assert _is_healthy(gateway, "greeter.internal")


@of("More ports")
def test_an_app_answers_at_each_of_its_ports(gateway: str) -> None:
    assert ask(gateway, "http://both.internal/status/204").status_code == 204
    assert _is_healthy(gateway, "calls.internal")


@of("An image from a private registry")
def test_what_fetches_the_image_is_the_secret_of_the_config(stack: LiveStack, gateway: str) -> None:
    (pod,) = _pods(stack, "bought")
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    secret = _found(stack, "secret", "registry")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert json.loads(base64.b64decode(secret["data"][".dockerconfigjson"])) == REGISTRY


@of("An app that calls others")
def test_an_app_has_the_rules_that_it_asks_for(stack: LiveStack, gateway: str) -> None:
    rules = _found(stack, "networkpolicy", "caller")["spec"]
    api, others = rules["egress"]
    assert api["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "synergychat-api"
    assert others["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
    assert [rule["ports"][0]["port"] for rule in rules["ingress"]] == [8080]


@of("A config file")
def test_a_file_is_where_it_was_asked_for(gateway: str) -> None:
    assert ask(gateway, "http://reader.internal/file/etc/reader/app.conf").json() == "colour = blue\n"


@of("A secret in the environment")
def test_a_secret_reaches_the_process_as_a_variable_and_as_a_file(gateway: str) -> None:
    asked = ("variable/TOKEN", "file/etc/payer/token", "variable/LEVEL", "variable/NODE")
    token, file, level, node = (ask(gateway, f"http://payer.internal/{path}").json() for path in asked)
    assert (token, file, level) == (TOKEN, TOKEN, "debug")
    assert node


@of("Scale with load")
def test_an_autoscaler_has_the_fewest_pods_at_least_and_an_up_leaves_them(stack: LiveStack, gateway: str) -> None:
    scaler = _found(stack, "hpa", "synergychat-web")
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 4)
    wait_until(lambda: len(_pods(stack, "synergychat-web")) == 2)
    assert set(stack.up()) == {"same"}
    assert len(_pods(stack, "synergychat-web")) == 2
    assert ask(gateway, "http://synchat.internal/").status_code == 200


@of("Only on some nodes")
def test_fields_of_the_pod_and_of_the_container_are_as_given(stack: LiveStack, gateway: str) -> None:
    (pod,) = _pods(stack, "synergychat-crawler")
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert pod["spec"]["terminationGracePeriodSeconds"] == 60
    assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is False


@of("An init container")
def test_an_app_finds_what_its_init_container_made(gateway: str) -> None:
    made = ask(gateway, "http://primed.internal/file/shared/health.json").json()
    assert json.loads(made) == {"status": "ok"}


@of("Messages that outlive the pod")
def test_messages_outlive_the_pod(stack: LiveStack, gateway: str) -> None:
    _post(gateway, "for those who come after")
    _replace_pods(stack, "synergychat-api")
    assert "for those who come after" in _messages(gateway)


@of("A job, and a nightly one")
def test_a_job_has_run_and_a_nightly_one_can(stack: LiveStack, gateway: str) -> None:
    namespace = stack.outputs["namespace"]
    assert _found(stack, "job", "migrate")["status"]["succeeded"] == 1
    assert json.loads(stack.kubectl("logs", "job/migrate", "-n", namespace)) == {"status": "ok"}
    stack.kubectl("create", "job", "--from", "cronjob/report", "report-now", "-n", namespace)
    stack.kubectl("wait", "--for=condition=Complete", "job/report-now", "-n", namespace, "--timeout=60s")
    stack.kubectl("delete", "job", "report-now", "-n", namespace)


@of("A job in three parts, at most two at a time")
def test_a_job_has_as_many_pods_as_its_fields_say(stack: LiveStack, gateway: str) -> None:
    job = _found(stack, "job", "index")
    assert job["status"]["succeeded"] == 3
    asked = {"completions": 3, "parallelism": 2, "backoffLimit": 0, "activeDeadlineSeconds": 600}
    assert asked.items() <= job["spec"].items()


# A change


def test_a_changed_file_replaces_the_pods_of_its_workload_and_of_no_other(stack: LiveStack, gateway: str) -> None:
    before = _running(stack)
    stack.configure(**{"apps.reader.files": {"/etc/reader/app.conf": "colour = green\n"}})
    stack.up()
    assert ask(gateway, "http://reader.internal/file/etc/reader/app.conf").json() == "colour = green\n"
    assert _differ(before, _running(stack)) == {"reader"}


def test_a_changed_secret_replaces_the_pods_that_use_it_and_no_others(stack: LiveStack, gateway: str) -> None:
    before = _running(stack)
    secret = _found(stack, "secret", "payments")["metadata"]["uid"]
    _set_secret(stack, "payments.token", "another")
    stack.up()
    assert ask(gateway, "http://payer.internal/variable/TOKEN").json() == "another"
    assert ask(gateway, "http://payer.internal/file/etc/payer/token").json() == "another"
    assert _differ(before, _running(stack)) == {"payer"}
    assert _found(stack, "secret", "payments")["metadata"]["uid"] == secret


def test_what_tells_a_changed_secret_is_not_in_the_state_in_clear(stack: LiveStack, gateway: str) -> None:
    template = _found(stack, "deployment", "payer")["spec"]["template"]
    mark = template["metadata"]["annotations"]["synergychat/secrets-hmac"]
    state = [file.read_text() for file in (stack.directory.parent / "state").rglob("*.json")]
    assert any("payer-deployment" in text for text in state)
    assert not [text for text in state if mark in text]
    assert mark not in stack.cli("preview", "--diff", "--refresh").stdout


def test_a_changed_job_runs_again(stack: LiveStack, gateway: str) -> None:
    before = _found(stack, "job", "migrate")["metadata"]["uid"]
    stack.configure(**{"apps.migrate.env": {"AGAIN": "yes"}})
    stack.up()
    again = _found(stack, "job", "migrate")
    assert again["metadata"]["uid"] != before
    assert again["status"]["succeeded"] == 1


def test_a_failing_job_is_told_with_what_it_said_last(stack: LiveStack, gateway: str) -> None:
    once = {"backoffLimit": 0}
    stack.configure(**{"apps.migrate.args": ["get", "http://api-service/nowhere"], "apps.migrate.job": once})
    said = stack.cli("up", "--yes", "--skip-preview").stdout
    stack.configure(**{"apps.migrate.args": ["get", "http://api-service/healthz"], "apps.migrate.job": None})
    assert "migrate" in said
    assert "404 Not Found" in said
    stack.up()


def test_recipes_are_previewed_without_a_cluster_too(stack: LiveStack, gateway: str) -> None:
    done = stack.cli("preview", KUBECONFIG=str(stack.directory / "no-kubeconfig"))
    assert done.returncode == 0, done.stdout


@of(ALONE)
def test_an_app_answers_when_the_chat_has_no_pods(stack: LiveStack, echo_images: object, original: str) -> None:
    stack.file.write_text(file_with(original, [RECIPES["My app behind the gateway"], RECIPES[ALONE]]))
    stack.up()
    assert ask(stack.gateway_address, "http://echo.internal/").status_code == 200
    # The app in Python runs on: it is in the program, not in the config.
    wait_until(lambda: set(_running(stack)) <= {"echo", "shop"})
    for host in ("synchat.internal", "synchatapi.internal"):
        assert ask(stack.gateway_address, f"http://{host}/").status_code == 503


def _is_healthy(gateway: str, host: str) -> bool:
    """Whether the gRPC health check answers SERVING."""
    options = [("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"{gateway}:80", options=options) as channel:
        answer = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
    return answer == b"\x08\x01"  # HealthCheckResponse, with status SERVING


def _found(stack: LiveStack, kind: str, name: str) -> dict[str, Any]:
    return json.loads(stack.kubectl("get", kind, name, "-n", stack.outputs["namespace"], "-o", "json"))


def _pods(stack: LiveStack, app: str | None = None) -> list[dict[str, Any]]:
    """Pods that are not being deleted, of all workloads or of one."""
    chosen = () if app is None else ("-l", f"app.kubernetes.io/name={app}")
    listed = stack.kubectl("get", "pods", "-n", stack.outputs["namespace"], *chosen, "-o", "json")
    return [pod for pod in json.loads(listed)["items"] if "deletionTimestamp" not in pod["metadata"]]


def _running(stack: LiveStack) -> dict[str, set[str]]:
    """UIDs of the pods, by workload."""
    result: dict[str, set[str]] = {}
    for pod in _pods(stack):
        described = pod["metadata"]
        result.setdefault(described["labels"]["app.kubernetes.io/name"], set()).add(described["uid"])
    return result


def _differ(one: dict[str, set[str]], other: dict[str, set[str]]) -> set[str]:
    return {app for app in one.keys() | other.keys() if one.get(app) != other.get(app)}


def _replace_pods(stack: LiveStack, app: str) -> None:
    namespace = stack.outputs["namespace"]
    stack.kubectl("delete", "pods", "-n", namespace, "-l", f"app.kubernetes.io/name={app}")
    stack.kubectl("rollout", "status", f"deployment/{app}", "-n", namespace)
    # Envoy learns of the new pod a moment after Kubernetes does.
    wait_until(lambda: ask(stack.gateway_address, "http://synchatapi.internal/healthz").status_code == 200)


def _post(gateway: str, text: str) -> None:
    message = {"AuthorUsername": "ada", "Text": text}
    assert ask(gateway, "http://synchatapi.internal/messages", method="POST", json=message).status_code == 201


def _messages(gateway: str) -> list[str]:
    return [message["Text"] for message in ask(gateway, "http://synchatapi.internal/messages").json()]
