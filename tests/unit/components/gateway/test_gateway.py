"""Gateway: the class, its Envoys and the Gateway, and the address they end with."""

import base64
from typing import Any

import pulumi
import pytest
from cryptography import x509

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


# HTTPS


def listeners(recording: Recording) -> dict[str, Any]:
    return {each["name"]: each for each in recording["gw-gateway"].inputs["spec"]["listeners"]}


def secret_of(listener: dict[str, Any]) -> str:
    ((reference,),) = [listener["tls"]["certificateRefs"]]
    return reference["name"]


def names_in(recording: Recording, secret: str) -> list[str]:
    content = recording[secret].inputs["data"].value["tls.crt"]
    certificate = x509.load_pem_x509_certificate(base64.b64decode(content))
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.get_values_for_type(x509.DNSName)


def test_https_is_one_listener_for_every_host_name_with_one_certificate() -> None:
    recording = build(https={"selfSigned": True})
    listener = listeners(recording)["https"]
    assert (listener["protocol"], listener["port"], listener.get("hostname")) == ("HTTPS", 443, None)
    assert names_in(recording, secret_of(listener)) == ["synchat.internal"]
    assert recording.waits_for("gw-gateway", secret_of(listener))
    assert [parent["sectionName"] for parent in recording["web-route"].inputs["spec"]["parentRefs"]] == [
        "https",
        "http",
    ]


def test_a_secret_for_https_is_named_as_it_is() -> None:
    assert secret_of(listeners(build(https={"secret": "mine", "port": 8443}))["https"]) == "mine"


def test_a_host_with_a_certificate_of_its_own_has_its_listener_and_is_not_in_the_other_one() -> None:
    hosts = {"shop.internal": {"secret": "shop"}, "*.wide.internal": {"selfSigned": True}}
    recording = build(https={"selfSigned": True, "hosts": {**hosts, "synchat.internal": {"secret": "chat"}}})
    found = listeners(recording)
    assert list(found) == [
        "https",
        "https-shop.internal",
        "https-wildcard.wide.internal",
        "https-synchat.internal",
        "http",
    ]
    assert (found["https-shop.internal"]["hostname"], secret_of(found["https-shop.internal"])) == (
        "shop.internal",
        "shop",
    )
    assert names_in(recording, secret_of(found["https-wildcard.wide.internal"])) == ["*.wide.internal"]
    assert names_in(recording, secret_of(found["https"])) == ["*"]


def test_an_issuer_is_asked_for_a_certificate_for_each_host_name_once_the_gateway_is_there() -> None:
    recording = build(https={"issuer": "letsencrypt"}, redirectToHttps=True)
    listener = listeners(recording)["https-synchat.internal"]
    assert listener["hostname"] == "synchat.internal"
    ordered = recording["gw-certificate-https-synchat.internal"].inputs
    assert ordered["spec"] == {
        "secretName": secret_of(listener),
        "dnsNames": ["synchat.internal"],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"},
        "privateKey": {"algorithm": "ECDSA", "size": 256},
    }
    assert "'Ready'" in ordered["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert recording.waits_for("gw-certificate-https-synchat.internal", "gw-gateway")
    awaited = recording["gw-gateway"].inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert "@.name=='http'" in awaited
    assert "https" not in awaited


def test_every_port_of_every_node_leads_to_its_listener_and_http_redirects_to_that_for_https() -> None:
    tcp = {"name": "tcp", "protocol": "TCP", "port": 9000, "nodePort": 30900}
    recording = build(
        exposure="NodePort",
        nodePort=30080,
        https={"selfSigned": True, "nodePort": 30443},
        listeners=(tcp,),
        redirectToHttps=True,
    )
    service = recording["gw-proxy"].inputs["spec"]["provider"]["kubernetes"]["envoyService"]
    ports = {each["port"]: each["nodePort"] for each in service["patch"]["value"]["spec"]["ports"]}
    assert ports == {80: 30080, 443: 30443, 9000: 30900}
    (rule,) = recording["gw-redirect"].inputs["spec"]["rules"]
    assert rule["filters"][0]["requestRedirect"]["port"] == 30443


def test_a_preset_is_a_policy_for_clients_and_one_for_apps_once_the_gateway_is_there() -> None:
    recording = build(traffic={"preset": "strict", "client": {"timeout": {"http": {"idleTimeout": "9s"}}}})
    for name, kind in (("client", "ClientTrafficPolicy"), ("backend", "BackendTrafficPolicy")):
        policy = recording[f"gw-traffic-{name}"]
        assert (policy.kind, policy.inputs["metadata"]["name"]) == (kind, "app-gateway-traffic")
        assert policy.inputs["spec"]["targetRefs"][0]["name"] == "app-gateway"
        assert recording.waits_for(policy.name, "gw-gateway")
    assert recording["gw-traffic-client"].inputs["spec"]["timeout"]["http"]["idleTimeout"] == "9s"
