"""Quotas: which failing objects they explain."""

from typing import Any

import pytest

from kube.manifest import Manifest
from tests.unit.health.cluster_objects import GOOD_GATEWAY, an_object, condition, deployment, gateway, of_envoy, text_of

CONTROLLERS = "envoy-gateway-system"
WITHOUT_ADDRESS = gateway([condition("Accepted"), condition("Programmed", "False", "AddressNotAssigned", "none yet")])


def controller() -> Manifest:
    metadata = {"name": "envoy-gateway", "namespace": CONTROLLERS, "labels": {"control-plane": "envoy-gateway"}}
    made = deployment()
    container = {"image": "example.com/gateway:mirrored"}
    spec = made["spec"] | {"template": {"spec": {"containers": [container]}}}
    return made | {"metadata": made["metadata"] | metadata, "spec": spec}


def quota(hard: dict[str, str], used: dict[str, str], namespace: str = CONTROLLERS) -> Manifest:
    made = an_object("ResourceQuota", "v1", "small", status={"hard": hard, "used": used})
    return made | {"metadata": made["metadata"] | {"namespace": namespace}}


@pytest.mark.parametrize(("hard", "used"), [("0", "0"), ("1", "2"), ("1k", "1k")])
def test_a_gateway_is_explained_by_a_quota_that_is_used_up(hard: str, used: str) -> None:
    spent = quota({"services.loadbalancers": hard, "pods": "9"}, {"services.loadbalancers": used, "pods": "9"})
    lines = text_of(WITHOUT_ADDRESS, controller(), of_envoy("Deployment"), spent).splitlines()
    assert (
        f"its Envoy has no Service, and a quota is used up: small of {CONTROLLERS} "
        f"(services.loadbalancers {used} of {hard})"
    ) in lines
    described, restarted = [line for line in lines if line.startswith("->")][-2:]
    assert f"describe resourcequota small -n {CONTROLLERS}" in described
    assert f"rollout restart -n {CONTROLLERS} deployment/envoy-gateway" in restarted


@pytest.mark.parametrize(
    ("reason", "made", "counted"),
    [
        ("AddressNotAssigned", "Deployment", "count/services"),
        ("NoResources", "Service", "count/deployments.apps"),
    ],
)
def test_quotas_count_objects_in_either_way(reason: str, made: str, counted: str) -> None:
    failing = gateway([condition("Accepted"), condition("Programmed", "False", reason, "none yet")])
    text = text_of(failing, controller(), of_envoy(made), quota({counted: "3"}, {counted: "3"}))
    assert f"a quota is used up: small of {CONTROLLERS} ({counted} 3 of 3)" in text


FULL = quota({"services": "2", "count/deployments.apps": "2"}, {"services": "2", "count/deployments.apps": "2"})


def test_a_gateway_that_fails_for_another_reason_is_not_explained_by_a_quota() -> None:
    listener = {"name": "https", "conditions": [condition("ResolvedRefs", "False", "InvalidCertificateRef", "bad")]}
    invalid = gateway([condition("Accepted"), condition("Programmed", "False", "Invalid", "bad")], [listener])
    assert "quota" not in text_of(invalid, controller(), FULL)


@pytest.mark.parametrize("labels", [{}, {"gateway.envoyproxy.io/owning-gatewayclass": "shared"}])
def test_a_gateway_whose_envoy_has_all_objects_is_not_explained_by_a_quota(labels: dict[str, str]) -> None:
    failing = WITHOUT_ADDRESS | {"spec": {"gatewayClassName": "shared"}}
    envoy = (of_envoy("Deployment", **labels), of_envoy("Service", **labels))
    assert "quota" not in text_of(failing, controller(), FULL, *envoy)


@pytest.mark.parametrize(
    "other",
    [
        quota({"services.loadbalancers": "2"}, {"services.loadbalancers": "1"}),
        quota({"services.loadbalancers": "0"}, {"services.loadbalancers": "0"}, namespace="chat"),
        quota({"secrets": "1"}, {"secrets": "1"}),
        an_object("ResourceQuota", "v1", "new"),
    ],
    ids=["with room", "elsewhere", "of something else", "without status"],
)
def test_a_quota_that_does_not_matter_is_not_named(other: Any) -> None:
    assert "quota" not in text_of(WITHOUT_ADDRESS, controller(), other)


def test_a_ready_gateway_is_ready_whatever_its_quota() -> None:
    spent = quota({"services.loadbalancers": "0"}, {"services.loadbalancers": "0"})
    assert text_of(gateway(GOOD_GATEWAY), controller(), spent) == ""


def test_the_pods_of_a_deployment_that_a_quota_refuses_come_with_a_fix() -> None:
    message = 'pods "web-1-a" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'
    failing = deployment(availableReplicas=0, conditions=[condition("ReplicaFailure", "True", "FailedCreate", message)])
    lines = text_of(failing).splitlines()
    assert f"FailedCreate: {message}" in lines
    assert any("describe resourcequota small -n chat" in line for line in lines if line.startswith("->"))
