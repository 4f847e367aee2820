"""Fields of the gateway that no recipe of docs/gateway.md uses, tested as a client sees them."""

import asyncio
import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml

from tests.e2e.asking import address_of, answer_to, count
from tests.live.clients import ask, certificate, client_hello, seconds_until_closed
from tests.live.live_stack import LiveStack
from tests.live.recipes import Config, file_with, recipes
from tests.live.waiting import wait_until

FIELDS: Config = yaml.safe_load("""
synergychat:apps:
  echo: {ports: [{name: nobody, port: 8999}]} # where nobody listens
synergychat:gateway:
  https: {hosts: {kept.example.com: {selfSigned: true}}}
synergychat:gateways:
  halting:
    https: {hosts: {halting.example.com: {selfSigned: true}}}
    traffic: {preset: strict, client: {timeout: {http: {requestReceivedTimeout: 3s}}}}
  scaled:
    exposure: ClusterIP
    proxy: {provider: {kubernetes: {envoyHpa: {minReplicas: 2, maxReplicas: 3}}}}
synergychat:envoyGateway:
  config: {extensionApis: {enableLua: true}}
synergychat:routes:
  kept: {hostnames: [kept.example.com], backend: web}
  scaled: {gateway: scaled, hostnames: [scaled.internal], backend: web}
  halting: {gateway: halting, hostnames: [halting.example.com], backend: web}
  half:
    hostnames: [half.internal]
    rules:
      - backendRefs: [{workload: web}]
        filters: [{type: RequestMirror, requestMirror: {backendRef: {name: echo, port: 80}, percent: 50}}]
  apart:
    hostnames: [apart.internal]
    rules:
      - backendRefs:
          - name: echo
            port: 80
            filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-backend, value: echo}]}}]
  renamed:
    hostnames: [renamed.internal]
    rules:
      - backendRefs: [{name: echo, port: 80}]
        filters: [{type: URLRewrite, urlRewrite: {hostname: inside.example.com}}]
  asked:
    hostnames: [asked.internal]
    rules:
      - backendRefs: [{name: echo, port: 80}]
        filters: [{type: CORS, cors: {allowOrigins: ["https://a.example.com"], allowMethods: [PUT]}}]
  ruled:
    hostnames: [ruled.internal]
    rules:
      - {name: closed, matches: [{path: {value: /closed}}], backendRefs: [{name: echo, port: 80}]}
      - {name: open, backendRefs: [{name: echo, port: 80}]}
  scripted: {hostnames: [scripted.internal], rules: [{backendRefs: [{name: echo, port: 80}]}]}
  verified:
    hostnames: [verified.internal]
    rules: [{backendRefs: [{name: kubernetes, namespace: default, port: 443}]}]
synergychat:policies:
  ruled:
    kind: BackendTrafficPolicy
    targets: [{route: ruled, section: closed}]
    faultInjection: {abort: {httpStatus: 418}}
  scripted:
    kind: EnvoyExtensionPolicy
    targets: [{route: scripted}]
    lua: [{type: Inline, inline: 'function envoy_on_response(it) it:headers():add("x-lua", "yes") end'}]
synergychat:objects:
  - apiVersion: gateway.networking.k8s.io/v1beta1
    kind: ReferenceGrant
    metadata: {name: chat, namespace: default}
    spec:
      from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: synergychat}]
      to: [{group: "", kind: Service, name: kubernetes}]
  - apiVersion: gateway.networking.k8s.io/v1
    kind: BackendTLSPolicy
    metadata: {name: kubernetes, namespace: default}
    spec:
      targetRefs: [{group: "", kind: Service, name: kubernetes}]
      validation:
        hostname: kubernetes.default.svc
        caCertificateRefs: [{group: "", kind: ConfigMap, name: kube-root-ca.crt}] # Kubernetes' own, in every namespace
""")
"""Each field is on its own route. The BackendTLSPolicy's route leads to the API server, which serves TLS."""


@pytest.fixture(scope="module")
def gateway(stack: LiveStack, echo_images: object, original: str) -> str:
    """The address of the Gateway, with the echoing app and the presets of the recipes and with these fields."""
    shown = recipes("gateway.md")
    own = (shown["The app `echo`"], shown["A preset for all traffic"])
    stack.file.write_text(file_with(original, [*own, FIELDS]))
    stack.up()
    return stack.gateway_address


def test_about_half_of_the_requests_are_copied(stack: LiveStack, gateway: str) -> None:
    path = f"/{uuid.uuid4()}"
    with stack.client() as client:
        assert {client.get(path, headers={"Host": "half.internal"}).status_code for _ in range(400)} == {404}
    wait_until(lambda: count(stack, path) > 0)
    # Five standard deviations, of 10 each.
    assert 150 <= count(stack, path) <= 250


def test_a_filter_of_a_backend_and_a_rewritten_host_reach_the_app(gateway: str) -> None:
    assert ask(gateway, "http://apart.internal/").json()["headers"]["X-Backend"] == ["echo"]
    assert ask(gateway, "http://renamed.internal/").json()["host"] == "inside.example.com"


def test_a_filter_says_which_pages_may_ask(gateway: str) -> None:
    headers = {"origin": "https://a.example.com", "access-control-request-method": "PUT"}
    answer = ask(gateway, "http://asked.internal/", method="OPTIONS", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://a.example.com"
    assert "PUT" in answer.headers["access-control-allow-methods"]


def test_a_policy_for_one_rule_leaves_the_others_alone(gateway: str) -> None:
    assert ask(gateway, "http://ruled.internal/closed").status_code == 418
    assert ask(gateway, "http://ruled.internal/open").status_code == 200


def test_a_script_changes_an_answer(gateway: str) -> None:
    assert ask(gateway, "http://scripted.internal/").headers["x-lua"] == "yes"
    assert "x-lua" not in ask(gateway, "http://ruled.internal/").headers


def test_an_app_that_speaks_tls_is_asked_by_tls_and_its_certificate_is_verified(gateway: str) -> None:
    answer = ask(gateway, "http://verified.internal/version")
    assert (answer.status_code, answer.json()["kind"]) == (401, "Status")  # it answers nobody without a token


def test_an_autoscaler_has_the_fewest_envoys_at_least(stack: LiveStack, gateway: str) -> None:
    owned = ("-A", "-l", "gateway.envoyproxy.io/owning-gateway-name=scaled", "-o", "json")
    (scaler,) = json.loads(stack.kubectl("get", "hpa", *owned))["items"]
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 3)
    wait_until(lambda: len(json.loads(stack.kubectl("get", "pods", *owned))["items"]) == 2)


def test_another_run_changes_nothing_and_leaves_the_programs_own_certificates(stack: LiveStack, gateway: str) -> None:
    before = certificate(gateway, 443, "kept.example.com")
    assert set(stack.up()) == {"same"}
    assert certificate(gateway, 443, "kept.example.com") == before


def test_a_strict_gateway_closes_what_asks_for_nothing_and_what_is_too_much(stack: LiveStack, gateway: str) -> None:
    fewer = {"timeout": {"http": {"idleTimeout": "5s"}}, "connection": {"connectionLimit": {"value": 2}}}
    before = stack.file.read_text()
    stack.configure(**{"gateways.careful.traffic.client": fewer})
    stack.up()
    try:
        careful = address_of(stack, "careful")
        begun = b"GET / HTTP/1.1\r\nhost: careful.internal\r\n\r\n"
        with ExitStack() as opened:
            kept = [opened.enter_context(socket.create_connection((careful, 80), timeout=30)) for _ in range(2)]
            for connection in kept:
                connection.sendall(begun)
                assert connection.recv(10000).startswith(b"HTTP/1.1 200 ")
            assert answer_to(careful, begun, 30) == b""
            assert [connection.recv(1000) for connection in kept] == [b"", b""]
        assert answer_to(careful, begun, 30).startswith(b"HTTP/1.1 200 ")
    finally:
        stack.file.write_text(before)
        stack.up()


@pytest.mark.parametrize(
    ("port", "begun", "limit_s"),
    [
        (443, b"", 15),  # Envoy's own, for the beginning of TLS
        (443, client_hello("halting.example.com"), 10),
        (443, client_hello("halting.example.com")[:50], 15),
        (80, b"GET / HTTP/1.1\r\nhost: halting.example.com\r\n", 10),
        (80, b"POST / HTTP/1.1\r\nhost: halting.example.com\r\ncontent-length: 100\r\n\r\nhalf", 3),
    ],
    ids=["nothing", "handshake", "half a message", "headers", "body"],
)
def test_a_strict_gateway_closes_what_stops_half_way(
    stack: LiveStack, gateway: str, port: int, begun: bytes, limit_s: float
) -> None:
    took_s = asyncio.run(seconds_until_closed(address_of(stack, "halting"), port, begun, limit_s + 10))
    assert took_s < limit_s + 5
    assert ask(address_of(stack, "halting"), "https://halting.example.com/").status_code == 200


def test_a_pod_that_cannot_be_connected_to_is_noticed_by_no_client_of_a_preset(stack: LiveStack, gateway: str) -> None:
    namespace = stack.outputs["namespace"]
    pods = ("pods", "-n", namespace, "-l", "app.kubernetes.io/name=echo")
    addresses = stack.kubectl("get", *pods, "-o", "jsonpath={.items[*].status.podIP}")
    stack.apply(*_half_there(namespace, addresses.split()[0], 8080, 8999))
    try:
        wait_until(lambda: 503 in _codes(gateway, "halfway.internal", 10))
        for preset in ("careful", "patient"):
            assert set(_codes(address_of(stack, preset), "halfway.internal", 20)) == {200}
    finally:
        stack.kubectl("delete", "httproute,service", "halfway", "-n", namespace)


def _codes(address: str, host: str, times: int) -> list[int]:
    return [ask(address, f"http://{host}/").status_code for _ in range(times)]


def _half_there(namespace: str, address: str, *ports: int) -> Iterator[dict[str, Any]]:
    """A Service whose endpoints are these ports of one address, and a route to it on three Gateways."""

    def made(version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
        labels = {"kubernetes.io/service-name": "halfway"}
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}

    yield made("v1", "Service", "halfway", spec={"ports": [{"name": "http", "port": 80}]})
    for port in ports:
        endpoints = [{"addresses": [address], "conditions": {"ready": True}}]
        fields = {"addressType": "IPv4", "ports": [{"name": "http", "port": port}], "endpoints": endpoints}
        yield made("discovery.k8s.io/v1", "EndpointSlice", f"halfway-{port}", **fields)
    rules = [{"backendRefs": [{"name": "halfway", "port": 80}]}]
    parents = [{"name": name} for name in ("careful", "patient")] + [{"name": "app-gateway", "sectionName": "http"}]
    spec = {"parentRefs": parents, "hostnames": ["halfway.internal"], "rules": rules}
    yield made("gateway.networking.k8s.io/v1", "HTTPRoute", "halfway", spec=spec)
