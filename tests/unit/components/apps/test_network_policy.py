"""NetworkPolicies: who may connect to whom."""

from typing import Any

import pytest

from kube.labels import selector
from tests.unit import small_stack

WEB, API, CRAWLER = ("synergychat-web", "synergychat-api", "synergychat-crawler")
IMAGE = "registry.example.com/echo:1"
ROUTE = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "a"},
    "spec": {"rules": [{"backendRefs": [{"name": "crawler-service", "port": 80}]}]},
}
PROXIES = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy-gateway-system"}},
    "podSelector": {"matchLabels": {"gateway.envoyproxy.io/owning-gateway-namespace": small_stack.NAMESPACE}},
}


def policies(**keys: Any) -> dict[str, Any]:
    """The specs of a stack's NetworkPolicies, by the objects' names."""
    found = small_stack.build(**keys).of_kind("NetworkPolicy")
    return {policy.inputs["metadata"]["name"]: policy.inputs["spec"] for policy in found}


def pods(app: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": selector(app)}}


def on(port: int) -> dict[str, Any]:
    return {"ports": [{"port": port, "protocol": "TCP"}]}


def test_a_pod_may_only_ask_dns_by_default() -> None:
    recording = small_stack.build()
    spec = recording["network-policies-default-deny"].inputs["spec"]
    assert (spec["podSelector"], spec["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in spec
    (dns,) = spec["egress"]
    assert dns["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert {(port["port"], port["protocol"]) for port in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert recording.waits_for("network-policies-default-deny", "synergychat-namespace")


def test_the_gateway_reaches_the_page_and_the_api_and_only_the_api_reaches_the_crawler() -> None:
    found = policies()
    from_gateway = [{"from": [PROXIES], **on(8080)}]
    assert found[WEB] == {**pods(WEB), "policyTypes": ["Ingress", "Egress"], "ingress": from_gateway}
    assert found[API]["ingress"] == from_gateway
    assert found[API]["egress"] == [{"to": [pods(CRAWLER)], **on(8080)}]
    assert found[CRAWLER]["ingress"] == [{"from": [pods(API)], **on(8080)}]
    assert "egress" not in found[CRAWLER]
    assert found.keys() == {"default-deny", "gateway-to-others", WEB, API, CRAWLER}


def test_ports_are_those_of_the_pods_and_not_of_their_services() -> None:
    found = policies(crawler={"port": 9090, "servicePort": 81})
    assert found[CRAWLER]["ingress"][0]["ports"] == found[API]["egress"][0]["ports"] == on(9090)["ports"]


def test_an_app_is_reached_by_workloads_that_call_it() -> None:
    found = policies(apps={"shop": {"image": IMAGE, "calls": ["stock", "api"]}, "stock": {"image": IMAGE}})
    assert "ingress" not in found["shop"]
    assert found["shop"]["egress"] == [{"to": [pods(API)], **on(8080)}, {"to": [pods("stock")], **on(8080)}]
    assert found["stock"]["ingress"] == [{"from": [pods("shop")], **on(8080)}]
    assert found[API]["ingress"] == [{"from": [PROXIES, pods("shop")], **on(8080)}]


def test_the_api_calls_the_crawler_beside_the_workloads_of_its_calls() -> None:
    found = policies(api={"calls": ["web"]})
    assert [rule["to"] for rule in found[API]["egress"]] == [[pods(CRAWLER)], [pods(WEB)]]


def test_a_job_may_call_others_and_has_no_policy_when_it_does_not() -> None:
    job = {"kind": "Job", "image": IMAGE}
    found = policies(apps={"migrate": {**job, "calls": ["api"]}, "idle": job})
    assert found["migrate"]["egress"] == [{"to": [pods(API)], **on(8080)}]
    assert "ingress" not in found["migrate"]
    assert "idle" not in found


@pytest.mark.parametrize(
    "keys",
    [
        {"routes": {"a": {"backend": "crawler"}}},
        {"routes": {"a": {"canary": {"stable": "web", "next": "crawler", "percent": 5}}}},
        {"routes": {"a": {"rules": [{"backendRefs": [{"workload": "crawler"}]}]}}},
        {"routes": {"a": {"rules": [{"backendRefs": [{"name": "crawler-service", "port": 80}]}]}}},
        {"objects": [ROUTE]},
        {
            "policies": {
                "a": {"kind": "SecurityPolicy", "extAuth": {"http": {"backendRefs": [{"workload": "crawler"}]}}}
            }
        },
    ],
    ids=["backend", "canary", "workload", "service", "object", "policy"],
)
def test_the_gateway_reaches_every_workload_that_a_route_or_policy_sends_requests_to(keys: dict[str, Any]) -> None:
    assert policies(**keys)[CRAWLER]["ingress"][0]["from"] == [PROXIES, pods(API)]


def test_extra_rules_stay_as_they_are() -> None:
    outside = {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}]}
    scraping = {"from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]}
    found = policies(crawler={"egress": [outside], "ingress": [scraping]})
    assert found[CRAWLER]["egress"] == [outside]
    assert found[CRAWLER]["ingress"][1:] == [scraping]


def test_the_gateway_reaches_pods_of_no_workload_on_any_port() -> None:
    spec = policies()["gateway-to-others"]
    others = {"key": "app.kubernetes.io/part-of", "operator": "NotIn", "values": ["synergychat"]}
    assert spec["podSelector"] == {"matchExpressions": [others]}
    assert (spec["policyTypes"], spec["ingress"]) == (["Ingress"], [{"from": [PROXIES]}])


def test_the_label_of_merged_gateways_is_that_of_their_class() -> None:
    (rule,) = policies(gateway={"proxy": {"mergeGateways": True}})[WEB]["ingress"]
    labels = rule["from"][0]["podSelector"]["matchLabels"]
    assert labels == {"gateway.envoyproxy.io/owning-gatewayclass": "app-gatewayclass"}


def exposed(*, default_deny: bool = True, **keys: Any) -> list[Any]:
    """The specs of the policies for the pods of an app with a host name and these keys."""
    app = {"image": IMAGE, "hostname": "shop.internal", **keys}
    found = policies(networkPolicy=default_deny, apps={"shop": app})
    return [spec for spec in found.values() if spec["podSelector"] == pods("shop")["podSelector"]]


def test_an_exposed_app_is_reached_by_the_gateway_and_by_nobody_else() -> None:
    (spec,) = exposed(port=9090, servicePort=81)
    assert spec == {**pods("shop"), "policyTypes": ["Ingress"], "ingress": [{"from": [PROXIES], **on(9090)}]}


def test_extra_ports_of_an_exposed_app_are_reached_too() -> None:
    grpc = {"name": "grpc", "port": 9000}
    udp = {"name": "udp", "port": 53, "targetPort": 5353, "protocol": "UDP"}
    (spec,) = exposed(ports=[grpc, udp])
    (rule,) = spec["ingress"]
    opened = {(port["port"], port["protocol"]) for port in rule["ports"]}
    assert opened == {(8080, "TCP"), (9000, "TCP"), (5353, "UDP")}


def test_an_exposed_app_is_open_to_all_in_a_namespace_without_policies() -> None:
    assert exposed(default_deny=False) == []


def test_a_stack_may_have_no_policies() -> None:
    assert policies(networkPolicy=False) == {}
