"""Gateway: the class, its Envoys and the Gateway, and the address they end with."""

from typing import Any

import pulumi
import pytest

from components import Route, RouteArgs
from config import GatewayConfig, WebConfig
from tests.unit import parts
from tests.unit.recording import ADDRESS, UNKNOWN, Recording, record

CONTROLLER = "eg-deployment-envoy-gateway"


def build(*, preview: bool = False, **settings: Any) -> Recording:
    def program() -> None:
        cluster = parts.on_cluster()
        # By alias, as in a stack's file.
        gateway = parts.gateway(cluster, GatewayConfig.model_validate(settings))
        backend = parts.chat(cluster).web
        args = RouteArgs.of_host(WebConfig(), gateway, backend, parts.TIMEOUT_S)
        Route("web", args, cluster)
        pulumi.export("address", gateway.address)

    return record(program, preview=preview)


def test_the_names_are_the_lessons(preview: bool) -> None:
    recording = build(preview=preview)
    names = {kind: recording.of_kind(kind)[0].inputs["metadata"]["name"] for kind in ("GatewayClass", "Gateway")}
    assert names == {"GatewayClass": "app-gatewayclass", "Gateway": "app-gateway"}


def test_the_gateway_is_of_the_class_and_the_class_has_the_proxy_of_the_controllers_namespace(preview: bool) -> None:
    recording = build(preview=preview, className="a-class")
    (proxy,), (of_class,) = recording.of_kind("EnvoyProxy"), recording.of_kind("GatewayClass")
    (gateway,) = recording.of_kind("Gateway")
    assert gateway.inputs["spec"]["gatewayClassName"] == of_class.inputs["metadata"]["name"] == "a-class"
    reference = of_class.inputs["spec"]["parametersRef"]
    assert reference["name"] == proxy.inputs["metadata"]["name"]
    assert reference["namespace"] == proxy.inputs["metadata"]["namespace"] == "envoy-gateway-system"


def test_the_settings_reach_the_objects() -> None:
    recording = build(
        name="edge",
        listener="web",
        port=8080,
        exposure="NodePort",
        nodePort=30080,
        envoyImage="registry.example/envoy:1",
    )
    (listener,) = recording["gw-gateway"].inputs["spec"]["listeners"]
    assert (listener["name"], listener["port"]) == ("web", 8080)
    kubernetes = recording["gw-proxy"].inputs["spec"]["provider"]["kubernetes"]
    assert kubernetes["envoyDeployment"]["container"]["image"] == "registry.example/envoy:1"
    assert kubernetes["envoyService"]["patch"]["value"]["spec"]["ports"][0]["nodePort"] == 30080
    (parent,) = recording["web-route"].inputs["spec"]["parentRefs"]
    assert parent == {"name": "edge", "sectionName": "web"}


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("gw-proxy", CONTROLLER),
        ("gw-class", "gw-proxy"),
        ("gw-gateway", "gw-class"),
        ("web-route", "gw-gateway"),
        # Without its backend a route answers 500 until the backend is there.
        ("web-route", "c-web-service"),
        ("web-route", "c-web-deployment"),
    ],
)
def test_what_an_object_needs_is_there_before_it_and_outlives_it(later: str, earlier: str) -> None:
    assert build().waits_for(later, earlier)


def test_the_gateway_does_not_wait_for_the_workloads() -> None:
    recording = build()
    assert not recording.waits_for("gw-gateway", "c-web-deployment")


def test_what_is_waited_for_may_take_as_long_as_the_stack_says() -> None:
    recording = build()
    waited = [recording[name].timeouts for name in ("gw-class", "gw-gateway", "web-route")]
    assert waited == [{"create": "60s", "update": "60s", "delete": "60s"}] * 3


def test_the_address_is_the_one_in_the_gateways_status() -> None:
    assert build().exports == {"address": ADDRESS}


def test_the_address_is_not_made_up_in_a_preview() -> None:
    assert build(preview=True).exports == {"address": UNKNOWN}


def test_the_route_lives_with_the_gateway_and_leads_to_the_workloads_service(preview: bool) -> None:
    recording = build(preview=preview)
    route = recording["web-route"].inputs
    assert route["metadata"]["name"] == "web-httproute"
    assert route["metadata"]["namespace"] == recording["gw-gateway"].inputs["metadata"]["namespace"] == "chat"
    assert route["spec"]["hostnames"] == ["synchat.internal"]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "web-service", "namespace": "chat", "port": 80}]


def test_a_certificate_that_is_issued_comes_after_the_gateway_which_does_not_wait_for_its_listener() -> None:
    https = {"protocol": "HTTPS", "issued": True}
    shop = https | {"name": "shop", "port": 443, "hostname": "shop.example.com"}
    recording = build(listeners=(shop, https | {"name": "all", "port": 8443}))
    certificates = {name: recording[f"gw-certificate-{name}"] for name in ("shop", "all")}
    hosts = {name: each.inputs["spec"]["dnsNames"] for name, each in certificates.items()}
    assert hosts == {"shop": ["shop.example.com"], "all": ["synchat.internal"]}
    gateway = recording["gw-gateway"].inputs
    named = {each["name"]: each.get("tls", {}).get("certificateRefs") for each in gateway["spec"]["listeners"]}
    secrets = {name: [{"name": each.inputs["spec"]["secretName"]}] for name, each in certificates.items()}
    assert named == {**secrets, "http": None}
    for certificate in certificates.values():
        assert recording.waits_for(certificate.name, "gw-gateway")
        assert "'Ready'" in certificate.inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    waits = gateway["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert ("'http'" in waits, "'shop'" in waits, "'all'" in waits) == (True, False, False)
