"""Gateway: its class, its Envoys and the Gateway itself."""

import base64
from typing import Any

import pytest
from cryptography import x509

from plans.recording import UNKNOWN, Recording
from tests.unit import small_stack
from tests.unit.recording import ADDRESS


@pytest.fixture(scope="module")
def default(preview: bool) -> Recording:
    """A stack with nothing but defaults, as a preview and as an update see it."""
    return small_stack.build(preview=preview)


@pytest.fixture(scope="module")
def up() -> Recording:
    """The same as an update sees it."""
    return small_stack.build()


def build(*, preview: bool = False, **keys: Any) -> Recording:
    """A stack with these keys in `gateway`."""
    return small_stack.build(preview=preview, gateway=keys)


def parents(recording: Recording, route: str) -> list[str]:
    """Names of the listeners that a route attaches to."""
    return [parent["sectionName"] for parent in recording[route].inputs["spec"]["parentRefs"]]


def test_the_default_names_are_the_lessons(default: Recording) -> None:
    names = {kind: default.of_kind(kind)[0].inputs["metadata"]["name"] for kind in ("GatewayClass", "Gateway")}
    assert names == {"GatewayClass": "app-gatewayclass", "Gateway": "app-gateway"}


def test_the_gateway_has_the_class_and_the_class_the_envoy_proxy_in_the_controllers_namespace(preview: bool) -> None:
    recording = build(preview=preview, className="a-class")
    (proxy,), (gateway_class,) = recording.of_kind("EnvoyProxy"), recording.of_kind("GatewayClass")
    (gateway,) = recording.of_kind("Gateway")
    assert gateway.inputs["spec"]["gatewayClassName"] == gateway_class.inputs["metadata"]["name"] == "a-class"
    reference = gateway_class.inputs["spec"]["parametersRef"]
    assert reference["name"] == proxy.inputs["metadata"]["name"]
    assert reference["namespace"] == proxy.inputs["metadata"]["namespace"] == "envoy-gateway-system"


def test_the_keys_reach_the_objects() -> None:
    recording = build(
        name="edge",
        listener="web",
        port=8080,
        exposure="NodePort",
        nodePort=30080,
        envoyImage="registry.example/envoy:1",
    )
    (listener,) = recording["gateway-gateway"].inputs["spec"]["listeners"]
    assert (listener["name"], listener["port"]) == ("web", 8080)
    kubernetes = recording["gateway-proxy"].inputs["spec"]["provider"]["kubernetes"]
    assert kubernetes["envoyDeployment"]["container"]["image"] == "registry.example/envoy:1"
    assert kubernetes["envoyService"]["patch"]["value"]["spec"]["ports"][0]["nodePort"] == 30080
    (parent,) = recording["web-route"].inputs["spec"]["parentRefs"]
    assert parent == {"name": "edge", "sectionName": "web"}


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("gateway-proxy", "envoy-gateway-deployment-envoy-gateway"),
        ("gateway-class", "gateway-proxy"),
        ("gateway-gateway", "gateway-class"),
        ("web-route", "gateway-gateway"),
        # A route without its backend answers 500.
        ("web-route", "synergychat-web-service"),
        ("web-route", "synergychat-web-deployment"),
    ],
)
def test_an_object_comes_after_those_that_it_needs(up: Recording, later: str, earlier: str) -> None:
    assert up.waits_for(later, earlier)


def test_the_gateway_does_not_wait_for_the_workloads(up: Recording) -> None:
    assert not up.waits_for("gateway-gateway", "synergychat-web-deployment")


def test_objects_that_are_waited_for_have_the_stacks_timeout(up: Recording) -> None:
    timeouts = [up[name].timeouts for name in ("gateway-class", "gateway-gateway", "web-route")]
    assert timeouts == [{"create": "60s", "update": "60s", "delete": "60s"}] * 3


def test_the_address_is_the_one_in_the_gateways_status(up: Recording) -> None:
    assert up.exports["gatewayAddress"] == ADDRESS


def test_the_address_is_not_known_in_a_preview() -> None:
    assert small_stack.build(preview=True).exports["gatewayAddress"] == UNKNOWN


def test_the_chats_route_is_in_the_gateways_namespace_and_sends_to_the_workloads_service(default: Recording) -> None:
    route, gateway = default["web-route"].inputs, default["gateway-gateway"].inputs
    assert route["metadata"]["name"] == "web-httproute"
    assert route["metadata"]["namespace"] == gateway["metadata"]["namespace"] == small_stack.NAMESPACE
    assert route["spec"]["hostnames"] == ["synchat.internal"]
    (rule,) = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert rule["backendRefs"] == [{"name": "web-service", "namespace": small_stack.NAMESPACE, "port": 80}]


# HTTPS


def listeners(recording: Recording) -> dict[str, Any]:
    return {listener["name"]: listener for listener in recording["gateway-gateway"].inputs["spec"]["listeners"]}


def secret_of(listener: dict[str, Any]) -> str:
    (reference,) = listener["tls"]["certificateRefs"]
    return reference["name"]


def names_in(recording: Recording, secret: str) -> list[str]:
    """Host names of the certificate in a Secret."""
    content = recording[secret].inputs["data"]["tls.crt"].value
    certificate = x509.load_pem_x509_certificate(base64.b64decode(content))
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.get_values_for_type(x509.DNSName)


def test_https_is_one_listener_with_one_certificate_for_all_host_names() -> None:
    recording = build(https={"selfSigned": True})
    listener = listeners(recording)["https"]
    assert (listener["protocol"], listener["port"], listener.get("hostname")) == ("HTTPS", 443, None)
    assert names_in(recording, secret_of(listener)) == ["synchat.internal", "synchatapi.internal"]
    assert recording.waits_for("gateway-gateway", secret_of(listener))
    assert parents(recording, "web-route") == ["https", "http"]


def test_https_uses_the_secret_that_the_config_names() -> None:
    assert secret_of(listeners(build(https={"secret": "mine", "port": 8443}))["https"]) == "mine"


def test_a_host_with_its_own_certificate_has_its_own_listener_and_is_left_out_of_the_other_certificate() -> None:
    hosts = {
        "shop.internal": {"secret": "shop"},
        "*.wide.internal": {"selfSigned": True},
        "synchat.internal": {"secret": "chat"},
        "synchatapi.internal": {"secret": "chat"},
    }
    recording = build(https={"selfSigned": True, "hosts": hosts})
    found = listeners(recording)
    assert list(found) == [
        "https",
        "https-shop.internal",
        "https-wildcard.wide.internal",
        "https-synchat.internal",
        "https-synchatapi.internal",
        "http",
    ]
    shop = found["https-shop.internal"]
    assert (shop["hostname"], secret_of(shop)) == ("shop.internal", "shop")
    assert names_in(recording, secret_of(found["https-wildcard.wide.internal"])) == ["*.wide.internal"]
    assert names_in(recording, secret_of(found["https"])) == ["*"]


def test_an_issuer_gets_a_certificate_request_for_each_host_name_once_the_gateway_exists() -> None:
    recording = build(https={"issuer": "letsencrypt"}, redirectToHttps=True)
    listener = listeners(recording)["https-synchat.internal"]
    assert listener["hostname"] == "synchat.internal"
    name = "gateway-certificate-https-synchat.internal"
    request = recording[name].inputs
    assert request["spec"] == {
        "secretName": secret_of(listener),
        "dnsNames": ["synchat.internal"],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"},
        "privateKey": {"algorithm": "ECDSA", "size": 256},
    }
    assert "'Ready'" in request["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert recording.waits_for(name, "gateway-gateway")
    readiness = recording["gateway-gateway"].inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert "@.name=='http'" in readiness
    assert "https" not in readiness


def test_node_ports_lead_to_their_listeners_and_http_redirects_to_that_of_https() -> None:
    tcp = {"name": "tcp", "protocol": "TCP", "port": 9000, "nodePort": 30900}
    recording = build(
        exposure="NodePort",
        nodePort=30080,
        https={"selfSigned": True, "nodePort": 30443},
        listeners=[tcp],
        redirectToHttps=True,
    )
    service = recording["gateway-proxy"].inputs["spec"]["provider"]["kubernetes"]["envoyService"]
    ports = {port["port"]: port["nodePort"] for port in service["patch"]["value"]["spec"]["ports"]}
    assert ports == {80: 30080, 443: 30443, 9000: 30900}
    (rule,) = recording["gateway-redirect"].inputs["spec"]["rules"]
    assert rule["filters"][0]["requestRedirect"]["port"] == 30443


def test_a_preset_is_a_policy_for_clients_and_one_for_backends_once_the_gateway_exists() -> None:
    recording = build(traffic={"preset": "strict", "client": {"timeout": {"http": {"idleTimeout": "9s"}}}})
    for name, kind in (("client", "ClientTrafficPolicy"), ("backend", "BackendTrafficPolicy")):
        policy = recording[f"gateway-traffic-{name}"]
        assert (policy.kind, policy.inputs["metadata"]["name"]) == (kind, "app-gateway-traffic")
        assert policy.inputs["spec"]["targetRefs"][0]["name"] == "app-gateway"
        assert recording.waits_for(policy.name, "gateway-gateway")
    assert recording["gateway-traffic-client"].inputs["spec"]["timeout"]["http"]["idleTimeout"] == "9s"


# Further Gateways


def test_a_further_gateway_shares_the_class_and_has_its_own_envoys(preview: bool) -> None:
    recording = small_stack.build(preview=preview, gateways={"inner": {"exposure": "ClusterIP"}})
    gateway, proxy = recording["gateway-inner-gateway"].inputs, recording["gateway-inner-proxy"].inputs
    assert (gateway["metadata"]["name"], gateway["spec"]["gatewayClassName"]) == ("inner", "app-gatewayclass")
    reference = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "inner"}
    assert gateway["spec"]["infrastructure"] == {"parametersRef": reference}
    assert (proxy["metadata"]["name"], proxy["metadata"]["namespace"]) == ("inner", gateway["metadata"]["namespace"])
    assert proxy["spec"]["provider"]["kubernetes"]["envoyService"]["type"] == "ClusterIP"
    assert len(recording.of_kind("GatewayClass")) == 1
    assert recording.waits_for("gateway-inner-gateway", "gateway-class")
    assert recording.waits_for("gateway-inner-gateway", "gateway-inner-proxy")


def test_a_further_gateway_may_have_another_class_and_labels_for_its_envoys() -> None:
    keys = {"className": "other", "spec": {"infrastructure": {"labels": {"team": "inner"}}}}
    spec = small_stack.build(gateways={"inner": keys})["gateway-inner-gateway"].inputs["spec"]
    assert spec["gatewayClassName"] == "other"
    assert spec["infrastructure"]["labels"] == {"team": "inner"}
    assert spec["infrastructure"]["parametersRef"]["name"] == "inner"
