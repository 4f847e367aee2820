"""The whole stack on a real cluster, through Envoy. The tests share one stack and run in its life cycle's order."""

import json
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from components.platform import release, sources
from local.toolchain.pins import MANIFEST_SHA256
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

UNCHANGED = {"same"}


def test_both_hosts_answer_as_soon_as_up_returns_and_an_unknown_one_is_404(stack: LiveStack) -> None:
    web, health, unknown = stack.first_answers
    assert web.status_code == 200
    assert health.json() == {"status": "ok"}
    assert unknown.status_code == 404


def test_the_access_log_says_whether_envoy_or_the_app_answered_404(stack: LiveStack) -> None:
    path = f"/{uuid.uuid4()}"
    for host in ("synchat.internal", "unknown.internal"):
        assert stack.request("GET", f"http://{host}{path}").status_code == 404
    names = ("-n", "envoy-gateway-system", "-l", "gateway.envoyproxy.io/owning-gateway-name=app-gateway", "-c", "envoy")

    def details() -> dict[str, str]:
        lines = [json.loads(line) for line in stack.kubectl("logs", *names, "--tail=-1").splitlines() if path in line]
        return {line[":authority"]: line["response_code_details"] for line in lines}

    wait_until(lambda: details() == {"synchat.internal": "via_upstream", "unknown.internal": "route_not_found"})


def test_a_message_that_is_posted_can_be_read_back(stack: LiveStack) -> None:
    api = stack.outputs["urls"]["api"]
    message = {"AuthorUsername": "ada", "Text": "through the gateway"}
    assert stack.request("POST", f"{api}/messages", json=message).status_code == 201
    assert message in [
        {key: posted[key] for key in message} for posted in stack.request("GET", f"{api}/messages").json()
    ]


def test_the_api_asks_the_crawler_for_its_statistics(stack: LiveStack) -> None:
    api = stack.outputs["urls"]["api"]
    question = {"AuthorUsername": "ada", "Text": "/stats keywords=love"}
    answer = stack.request("POST", f"{api}/messages", json=question)
    assert answer.status_code == 201
    reply = answer.json()[-1]
    assert reply["AuthorUsername"] == "crawler-bot"
    assert "http://crawler-service/stats?keywords=love" in reply["Text"]


def test_a_second_up_changes_nothing(stack: LiveStack) -> None:
    assert set(stack.up()) == UNCHANGED


def test_nothing_has_drifted_after_a_refresh(stack: LiveStack) -> None:
    stack.refresh()
    preview = stack.cli("preview", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout


def test_every_pod_of_the_chat_is_admitted_as_restricted(stack: LiveStack) -> None:
    namespace = stack.outputs["namespace"]
    labels = json.loads(stack.kubectl("get", "namespace", namespace, "-o", "json"))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pods = json.loads(stack.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert len(pods) == 3


@pytest.mark.parametrize("app", ["web", "api"])
def test_no_request_is_lost_while_pods_are_replaced(stack: LiveStack, app: str) -> None:
    namespace, url = stack.outputs["namespace"], stack.outputs["urls"][app]
    path = {"web": "/", "api": "/messages"}[app]
    ended = threading.Event()

    def ask() -> list[int]:
        """Again and again, as fast as it is answered."""
        codes: list[int] = []
        with stack.client() as client:
            while not ended.is_set():
                codes.append(client.get(path, headers={"Host": str(httpx.URL(url).host)}).status_code)
        return codes

    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(ask) for _ in range(16)]
        try:
            stack.kubectl("rollout", "restart", f"deployment/synergychat-{app}", "-n", namespace)
            stack.kubectl("rollout", "status", f"deployment/synergychat-{app}", "-n", namespace)
            label = f"app.kubernetes.io/name=synergychat-{app}"
            one = "jsonpath={.items[*].metadata.name}"
            pods = ("get", "pods", "-n", namespace, "-l", label, "-o", one)
            wait_until(lambda: len(stack.kubectl(*pods).split()) == 1)
        finally:
            ended.set()
    codes = [code for future in asking for code in future.result()]
    assert len(codes) > 100
    assert set(codes) == {200}


def test_one_hostname_and_one_port_change_by_config_alone(stack: LiveStack) -> None:
    stack.configure(**{"web.hostname": "talk.internal", "api.port": 9090})
    try:
        changed = stack.up()
        assert "create" not in changed
        assert stack.request("GET", "http://talk.internal").status_code == 200
        assert stack.request("GET", "http://synchat.internal").status_code == 404
        assert stack.request("GET", "http://synchatapi.internal/healthz").status_code == 200
    finally:
        stack.configure(**{"web.hostname": "synchat.internal", "api.port": 8080})
        stack.up()
    assert stack.request("GET", "http://synchat.internal").status_code == 200


def test_where_there_is_no_load_balancer_the_gateway_is_exposed_otherwise(stack: LiveStack) -> None:
    proxy = ("get", "service", "-A", "-l", "gateway.envoyproxy.io/owning-gateway-name=app-gateway", "-o")
    try:
        stack.configure(**{"gateway.exposure": "ClusterIP"})
        stack.up()
        assert stack.kubectl(*proxy, "jsonpath={.items[0].spec.clusterIP}") == stack.gateway_address
        stack.configure(**{"gateway.exposure": "NodePort", "gateway.nodePort": 30080})
        stack.up()
        assert stack.kubectl(*proxy, "jsonpath={.items[0].spec.ports[0].nodePort}") == "30080"
        assert stack.outputs["urls"]["web"] == "http://synchat.internal:30080"
        node = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
        assert stack.kubectl("get", "nodes", "-o", node) == stack.gateway_address
    finally:
        stack.configure(**{"gateway.exposure": "LoadBalancer", "gateway.nodePort": None})
        stack.up()
    assert stack.request("GET", "http://synchat.internal").status_code == 200


@pytest.mark.fault("An update's pods cannot start", "`up` fails each time, and the old pods serve")
def test_an_update_whose_pods_cannot_start_fails_each_time_and_what_ran_keeps_serving(stack: LiveStack) -> None:
    try:
        for attempt in range(3):
            stack.configure(**{"web.image": f"registry.invalid/web:{attempt}", "timeoutSeconds": 10})
            done = stack.cli("up", "--yes", "--skip-preview")
            assert done.returncode != 0, done.stdout
            assert "synergychat-web-deployment" in done.stdout
            assert stack.request("GET", stack.outputs["urls"]["web"]).status_code == 200
    finally:
        stack.configure(**{"web.image": None, "timeoutSeconds": None})
        stack.up()


def test_another_patience_replaces_no_pod(stack: LiveStack) -> None:
    # Those that an earlier test left to end are none of these.
    running = ("--field-selector", "status.phase=Running")
    pods = ("get", "pods", "-n", stack.outputs["namespace"], *running, "-o", "jsonpath={.items[*].metadata.uid}")
    before = stack.kubectl(*pods)
    stack.configure(timeoutSeconds=100)
    try:
        stack.up()
        assert stack.kubectl(*pods) == before
    finally:
        stack.configure(timeoutSeconds=None)


def test_a_gateway_whose_new_port_is_taken_is_not_up(stack: LiveStack) -> None:
    with socket.create_server((stack.gateway_address, 0)) as taken:
        stack.configure(**{"gateway.port": taken.getsockname()[1], "timeoutSeconds": 20})
        try:
            done = stack.cli("up", "--yes", "--skip-preview")
            assert done.returncode != 0, done.stdout
            assert "gateway-gateway" in done.stdout
        finally:
            stack.configure(**{"gateway.port": None, "timeoutSeconds": None})
            stack.up()
    assert stack.request("GET", stack.outputs["urls"]["web"]).status_code == 200


@pytest.mark.fault("An object of the stack is deleted by hand", "`up --refresh` creates it again")
def test_an_object_that_was_deleted_by_hand_comes_back(stack: LiveStack) -> None:
    namespace = stack.outputs["namespace"]
    stack.kubectl("delete", "httproute", "web-httproute", "-n", namespace)
    stack.refresh()
    assert stack.up().get("create") == 1
    assert stack.request("GET", stack.outputs["urls"]["web"]).status_code == 200


@pytest.mark.fault("The passphrase is wrong", "The message says so, and nothing changes")
def test_a_wrong_passphrase_is_said_and_nothing_is_touched(stack: LiveStack) -> None:
    done = stack.cli("preview", PULUMI_CONFIG_PASSPHRASE="wrong")
    assert done.returncode != 0
    assert "passphrase" in done.stdout
    assert "Traceback" not in done.stdout


def test_destroy_ends_and_leaves_nothing_behind(stack: LiveStack) -> None:
    stack.destroy()
    deployment = stack.automation.export_stack().deployment
    assert deployment is not None
    assert deployment.get("resources", []) == []
    left = stack.kubectl("get", "namespaces,crds", "-o", "name").split()
    assert not [name for name in left if "synergychat" in name or "envoy" in name or "gateway" in name]


def certificates_job(stack: LiveStack) -> dict[str, Any]:
    """The spec of the Job that creates the certificates of Envoy Gateway."""
    return json.loads(stack.kubectl("get", "jobs", "-n", "envoy-gateway-system", "-o", "json"))["items"][0]["spec"]


def test_what_was_applied_by_hand_before_is_taken_over_by_one_key_and_outlives_the_stack(stack: LiveStack) -> None:
    stack.destroy()
    installed = release.objects((sources.cache_directory() / f"{MANIFEST_SHA256}.yaml").read_bytes(), "the release")
    (job,) = [manifest["spec"] for manifest in installed if manifest["kind"] == "Job"]
    job["ttlSecondsAfterFinished"] = 3600  # not gone when the stack takes it over
    stack.apply(*installed)
    refused = stack.cli("up", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert "[object-without-stack]" in refused.stdout
    assert "add them to the list synergychat:adopt in Pulumi.dev.yaml" in refused.stdout
    assert stack.kubectl("get", "namespace", "synergychat", "--ignore-not-found") == ""
    stack.configure(adopt=["*"])
    stack.up()
    assert "ttlSecondsAfterFinished" not in certificates_job(stack)
    assert stack.request("GET", stack.outputs["urls"]["web"]).status_code == 200
    # A Job's image cannot be changed in place, and what is adopted is not deleted when it is replaced.
    image = job["template"]["spec"]["containers"][0]["image"]
    stack.configure(**{"envoyGateway.image": image})
    stack.up()
    assert certificates_job(stack)["template"]["spec"]["containers"][0]["image"] == image
    stack.destroy()
    assert stack.kubectl("get", "crd", "gateways.gateway.networking.k8s.io", "-o", "name").strip()
    # The next stack has another state, and adopts what this one left. Without the key it owns, and deletes, all of it.
    stack.configure(**{"envoyGateway.image": None})
    stack.up()
    stack.configure(adopt=None)
    stack.up()
    stack.destroy()
