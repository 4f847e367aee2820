"""Policies: their targets, and limits in every notation of Kubernetes."""

from typing import Any

import pytest

from kube.manifest import Manifest
from tests.cases.builders import MERGED, config, extension, gateway, listener, policy, route, service, target
from tests.cases.case import classes
from tests.unit.checks.rules.found import found_in_chat, only_problem


def test_a_policy_may_select_its_targets_by_label() -> None:
    def selecting(app: str) -> Manifest:
        selector = {"kind": "HTTPRoute", "matchLabels": {"app": app}}
        return policy("SecurityPolicy", "b", targetSelectors=[selector])

    web = route(labels={"app": "web"})
    stack = gateway(), service(), web, policy("SecurityPolicy", "a", target("HTTPRoute", "web"))
    assert found_in_chat(*stack, selecting("web")) == [
        ("policy-conflict", "SecurityPolicy b", "spec.targetSelectors[0]")
    ]
    assert found_in_chat(*stack, selecting("api")) == []


def test_the_class_of_merged_gateways_is_patched() -> None:
    def patch(kind: str, name: str) -> Manifest:
        return extension("EnvoyPatchPolicy", "patch", type="JSONPatch", targetRef=target(kind, name))

    stack = *classes(), config("{enableEnvoyPatchPolicy: true}"), gateway(class_name=MERGED)
    assert found_in_chat(*stack, patch("GatewayClass", MERGED)) == []
    problem = only_problem(*stack, patch("Gateway", "gate"))
    assert (problem.code, problem.field, problem.value) == ("patch-target-merged", "spec.targetRef.kind", "Gateway")
    assert problem.words["gateway_class"] == MERGED
    assert found_in_chat(*stack, patch("HTTPRoute", "web"), route(), service()) == [
        ("patch-target-kind", "EnvoyPatchPolicy patch", "spec.targetRef.kind")
    ]


@pytest.mark.parametrize("principal", [{"headers": [{"name": "x", "values": ["y"]}]}, {"jwt": {"provider": "p"}}])
def test_a_tcp_route_authorizes_by_address_only(principal: Manifest) -> None:
    authorization = {"defaultAction": "Deny", "rules": [{"action": "Allow", "principal": principal}]}
    rules = policy("SecurityPolicy", "rules", target("TCPRoute", "web"), authorization=authorization)
    on_tcp = gateway(listener("tcp", 9000, "TCP")), service(), route(kind="TCPRoute")
    field = f"spec.authorization.rules[0].principal.{next(iter(principal))}"
    assert found_in_chat(*on_tcp, rules) == [("policy-needs-http", "SecurityPolicy rules", field)]


def limited(limit: Any) -> Manifest:
    return policy("ClientTrafficPolicy", "clients", target("Gateway", "gate"), connection={"bufferLimit": limit})


@pytest.mark.parametrize("limit", [0, "4294967295", "4294967.295k", "4G", "1e3", "3Gi", "1.5Ki"])
def test_a_buffer_limit_may_be_any_quantity_of_whole_bytes(limit: Any) -> None:
    assert found_in_chat(gateway(), limited(limit)) == []


@pytest.mark.parametrize("limit", [-1, "4294967296", "5G", "4Gi", "1.5", "500m", "1K", "1Kib"])
def test_a_buffer_limit_must_be_whole_bytes_below_4_gib(limit: Any) -> None:
    assert found_in_chat(gateway(), limited(limit)) == [
        ("limit-bytes", "ClientTrafficPolicy clients", "spec.connection.bufferLimit")
    ]
