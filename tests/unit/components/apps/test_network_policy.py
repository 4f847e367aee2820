"""NetworkPolicies: who may connect to whom, as a stack's config and the chat have it."""

import json
from typing import Any

import pytest

import config
from components import Expose, ExposeArgs, NetworkPolicies, NetworkPoliciesArgs, Secrets, Workload, WorkloadArgs
from config import AppConfig
from kube.labels import selector
from tests.unit import parts
from tests.unit.recording import Recording, record

NAMES = {name: f"c-{name}" for name in ("web", "api", "crawler")}
IMAGE = "registry.example.com/echo:1"
ROUTE = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "a"},
    "spec": {"rules": [{"backendRefs": [{"name": "crawler-service", "port": 80}]}]},
}
PROXIES = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy-gateway-system"}},
    "podSelector": {"matchLabels": {"gateway.envoyproxy.io/owning-gateway-namespace": "chat"}},
}


def build(**sections: Any) -> Recording:
    values = {
        f"synergychat:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in sections.items()
    }
    settings = config.parse("synergychat", {"synergychat:context": "a-context", **values})

    def program() -> None:
        cluster = parts.on_cluster()
        gateway = parts.gateway(cluster, settings.gateway, default_deny=settings.network_policy)
        args = NetworkPoliciesArgs(settings=settings, gateway=gateway, names=NAMES, calls={"api": ["crawler"]})
        NetworkPolicies("np", args, cluster)

    return record(program)


def policies(**sections: Any) -> dict[str, Any]:
    """The specs by the objects' names."""
    return {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in build(**sections).of_kind("NetworkPolicy")}


def pods(app: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": selector(app)}}


def on(port: int) -> dict[str, Any]:
    return {"ports": [{"port": port, "protocol": "TCP"}]}


def test_every_pod_of_the_namespace_is_left_dns_and_nothing_else() -> None:
    recording = build()
    spec = recording["np-default-deny"].inputs["spec"]
    assert (spec["podSelector"], spec["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in spec
    (dns,) = spec["egress"]
    assert dns["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert {(each["port"], each["protocol"]) for each in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert recording.waits_for("np-default-deny", "chat-namespace")


def test_the_gateways_proxies_reach_the_page_and_the_api_and_the_api_alone_the_crawler() -> None:
    found = policies()
    from_gateway = [{"from": [PROXIES], **on(8080)}]
    assert found["c-web"] == {**pods("c-web"), "policyTypes": ["Ingress", "Egress"], "ingress": from_gateway}
    assert found["c-api"]["ingress"] == from_gateway
    assert found["c-api"]["egress"] == [{"to": [pods("c-crawler")], **on(8080)}]
    assert found["c-crawler"]["ingress"] == [{"from": [pods("c-api")], **on(8080)}]
    assert "egress" not in found["c-crawler"]
    assert found.keys() == {"default-deny", "gateway-to-others", "c-web", "c-api", "c-crawler"}


def test_ports_are_those_of_the_pods_not_of_their_services() -> None:
    found = policies(crawler={"port": 9090, "servicePort": 81})
    assert found["c-crawler"]["ingress"][0]["ports"] == found["c-api"]["egress"][0]["ports"] == on(9090)["ports"]


def test_an_app_is_reached_by_whom_says_so() -> None:
    found = policies(apps={"shop": {"image": IMAGE, "calls": ["stock", "api"]}, "stock": {"image": IMAGE}})
    assert "ingress" not in found["shop"]
    assert found["shop"]["egress"] == [{"to": [pods("c-api")], **on(8080)}, {"to": [pods("stock")], **on(8080)}]
    assert found["stock"]["ingress"] == [{"from": [pods("shop")], **on(8080)}]
    assert found["c-api"]["ingress"] == [{"from": [PROXIES, pods("shop")], **on(8080)}]


def test_what_is_told_to_call_another_does_not_stop_the_api_from_calling_the_crawler() -> None:
    found = policies(api={"calls": ["web"]})
    assert [each["to"] for each in found["c-api"]["egress"]] == [[pods("c-crawler")], [pods("c-web")]]


def test_a_job_may_call_and_one_that_does_not_needs_no_policy() -> None:
    job = {"kind": "Job", "image": IMAGE}
    found = policies(apps={"migrate": {**job, "calls": ["api"]}, "idle": job})
    assert found["migrate"]["egress"] == [{"to": [pods("c-api")], **on(8080)}]
    assert "ingress" not in found["migrate"]
    assert "idle" not in found


@pytest.mark.parametrize(
    "sections",
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
def test_whatever_a_route_or_a_policy_sends_requests_to_is_reached_by_the_gateway(sections: dict[str, Any]) -> None:
    assert policies(**sections)["c-crawler"]["ingress"][0]["from"] == [PROXIES, pods("c-api")]


def test_further_rules_are_taken_as_they_are() -> None:
    out = {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}]}
    scraped = {"from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]}
    found = policies(crawler={"egress": [out], "ingress": [scraped]})
    assert found["c-crawler"]["egress"] == [out]
    assert found["c-crawler"]["ingress"][1:] == [scraped]


def test_pods_that_are_of_no_workload_answer_the_gateway_on_any_port() -> None:
    spec = policies()["gateway-to-others"]
    others = {"key": "app.kubernetes.io/part-of", "operator": "NotIn", "values": ["synergychat"]}
    assert spec["podSelector"] == {"matchExpressions": [others]}
    assert (spec["policyTypes"], spec["ingress"]) == (["Ingress"], [{"from": [PROXIES]}])


def test_the_proxies_of_a_class_that_merges_its_gateways_are_known_by_the_class() -> None:
    (rule,) = policies(gateway={"proxy": {"mergeGateways": True}})["c-web"]["ingress"]
    labels = rule["from"][0]["podSelector"]["matchLabels"]
    assert labels == {"gateway.envoyproxy.io/owning-gatewayclass": "app-gatewayclass"}


def exposed(*, default_deny: bool, **keys: Any) -> dict[str, Any]:
    """What a workload with these settings and an Expose of it, both declared in Python, bring of NetworkPolicies."""

    def program() -> None:
        cluster = parts.on_cluster()
        gateway = parts.gateway(cluster, default_deny=default_deny)
        workload = Workload(
            "shop",
            WorkloadArgs(
                settings=AppConfig.model_validate({"image": IMAGE, **keys}),
                namespace=gateway.namespace,
                secrets=Secrets(contents={}, resources={}),
                timeout_s=parts.TIMEOUT_S,
            ),
            cluster,
        )
        args = ExposeArgs(host="shop.internal", backend=workload.backend, gateway=gateway, timeout_s=parts.TIMEOUT_S)
        Expose("shop", args, cluster)

    made = record(program).of_kind("NetworkPolicy")
    return {each.inputs["metadata"]["name"]: each.inputs["spec"] for each in made}


def test_what_is_exposed_in_python_is_reached_by_the_gateways_proxies_and_by_nobody_else() -> None:
    assert exposed(default_deny=True, port=9090, servicePort=81) == {
        "shop-from-gateway": {
            **pods("shop"),
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [PROXIES], **on(9090)}],
        }
    }


def test_further_ports_of_what_is_exposed_are_reached_too() -> None:
    further = [{"name": "grpc", "port": 9000}, {"name": "udp", "port": 53, "targetPort": 5353, "protocol": "UDP"}]
    (rule,) = exposed(default_deny=True, ports=tuple(further))["shop-from-gateway"]["ingress"]
    opened = {(each["port"], each["protocol"]) for each in rule["ports"]}
    assert opened == {(8080, "TCP"), (9000, "TCP"), (5353, "UDP")}


def test_where_everything_may_connect_an_exposed_workload_is_not_closed_to_others() -> None:
    assert exposed(default_deny=False) == {}


def test_a_stack_that_wants_no_policies_has_none() -> None:
    assert policies(networkPolicy=False) == {}
