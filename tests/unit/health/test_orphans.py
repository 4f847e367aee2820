"""Envoys whose Gateway is gone."""

import json
import subprocess
from typing import Any

import pytest

from health import Row, look
from kube.manifest import Manifest
from tests.unit.health.cluster_objects import GATEWAY_API, GOOD_GATEWAY, an_object, gateway, of_envoy

OURS = an_object("GatewayClass", GATEWAY_API, "ours", status={"conditions": GOOD_GATEWAY})
GONE = (of_envoy("Deployment", "app", "former"), of_envoy("Service", "app", "former"))
KINDS = (
    "gatewayclasses gateway.networking.k8s.io/v1 false GatewayClass",
    "gateways gateway.networking.k8s.io/v1 true Gateway",
    "deployments apps/v1 true Deployment",
    "services v1 true Service",
)


class Cluster:
    """A cluster with the stack's objects, Envoys, and the Gateways of other stacks."""

    def __init__(self, *envoys: Manifest, others: tuple[Manifest, ...] = (), allowed: bool = True) -> None:
        self.own = [OURS, gateway(GOOD_GATEWAY)]
        self.envoys, self.others, self.allowed = list(envoys), others, allowed
        self.asked_for_gateways = 0

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        if arguments[0] == "api-resources":
            return subprocess.CompletedProcess([], 0, "\n".join(KINDS), "")
        items: list[Any] = []
        if "--selector" in arguments:
            selector = arguments[arguments.index("--selector") + 1]
            items = self.own if "part-of" in selector else self.envoys if "component=proxy" in selector else []
        elif arguments[1] == "gateway.gateway.networking.k8s.io":
            self.asked_for_gateways += 1
            if not self.allowed:
                return subprocess.CompletedProcess([], 1, "", "Error from server (Forbidden): no")
            items = [gateway(GOOD_GATEWAY), *self.others]
        return subprocess.CompletedProcess([], 0, json.dumps({"items": items}), "")


def failing(cluster: Cluster) -> list[Row]:
    return [row for row in look(cluster, "kubectl --context kind-one") if row.state != "ok"]


def test_an_envoy_whose_gateway_is_gone_is_shown_with_the_command_that_deletes_it() -> None:
    (row,) = failing(Cluster(of_envoy("Deployment"), *GONE))
    assert (row.what, row.name, row.state, row.namespace) == (
        "Deployment",
        "envoy-app",
        "orphaned",
        "envoy-gateway-system",
    )
    assert row.text.splitlines() == [
        "its Gateway former/app is gone, and Envoy Gateway did not delete it",
        "-> kubectl --context kind-one delete deployment,service,serviceaccount,configmap,horizontalpodautoscaler,"
        "poddisruptionbudget -n envoy-gateway-system -l gateway.envoyproxy.io/owning-gateway-name=app,"
        "gateway.envoyproxy.io/owning-gateway-namespace=former",
    ]


def owned_by(uid: str) -> Manifest:
    reference = {"kind": "GatewayClass", "uid": uid}
    return GONE[0] | {"metadata": GONE[0]["metadata"] | {"ownerReferences": [reference]}}


def test_an_envoy_of_a_class_of_this_stack_is_shown() -> None:
    assert [row.state for row in failing(Cluster(owned_by(OURS["metadata"]["uid"])))] == ["orphaned"]


@pytest.mark.parametrize(
    "cluster",
    [
        Cluster(*GONE, others=(gateway([]) | {"metadata": {"name": "app", "namespace": "former"}},)),
        Cluster(*GONE, allowed=False),
        Cluster(owned_by("of another stack")),
        Cluster(GONE[0] | {"metadata": GONE[0]["metadata"] | {"deletionTimestamp": "2026-11-24T12:01:00Z"}}),
        Cluster(of_envoy("Deployment", **{"gateway.envoyproxy.io/owning-gatewayclass": "theirs"})),
    ],
    ids=["its Gateway exists", "Gateways cannot be read", "of another class", "being deleted", "merged"],
)
def test_any_other_envoy_is_not_called_orphaned(cluster: Cluster) -> None:
    assert failing(cluster) == []


def test_gateways_of_other_stacks_are_read_only_if_there_are_envoys_of_theirs() -> None:
    cluster = Cluster(of_envoy("Deployment"), of_envoy("Service"))
    assert failing(cluster) == []
    assert cluster.asked_for_gateways == 0
