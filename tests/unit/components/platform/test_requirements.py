"""Requirements: what a stack needs from an external platform, checked before anything is changed."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence

import pytest

from components.platform.requirements import Found, Wanted, lacks, look
from kube.manifest import Manifest, by_name
from tests.unit import release

ROUTES = "httproutes.gateway.networking.k8s.io"
NEEDED = "v1.6.1"


def crd(kind: str, *, bundle: str = NEEDED, versions: tuple[str, ...] = ("v1",)) -> Manifest:
    found = release.crd(f"{kind.lower()}s".replace("classs", "classes"), "gateway.networking.k8s.io", kind=kind)
    found["metadata"]["annotations"] = {"gateway.networking.k8s.io/bundle-version": bundle}
    found["spec"]["versions"] = [{"name": version, "served": True, "schema": {}} for version in versions]
    return found


OWN = [crd("GatewayClass"), crd("Gateway"), crd("HTTPRoute"), crd("TCPRoute")]
WANTED = Wanted(
    release=release.release(release.controller("docker.io/envoyproxy/gateway:v1.9.1"), *OWN),
    namespace="envoy-gateway-system",
    class_name="app-gatewayclass",
    kinds=frozenset(
        {
            ("gateway.networking.k8s.io/v1", "Gateway"),
            ("gateway.networking.k8s.io/v1", "HTTPRoute"),
            ("apps/v1", "Deployment"),
        }
    ),
)


def gateway_class(
    status: str | None = "True",
    controller: str = "gateway.envoyproxy.io/gatewayclass-controller",
    name: str = "app-gatewayclass",
) -> Manifest:
    found = release.manifest("gateway.networking.k8s.io/v1", "GatewayClass", name, namespace=None)
    found["spec"] = {"controllerName": controller}
    accepted = {"type": "Accepted", "status": status, "reason": "InvalidParameters", "message": "no EnvoyProxy"}
    return found | {"status": {"conditions": [accepted] if status else []}}


def controller(image: str = "docker.io/envoyproxy/gateway:v1.9.1", available: int = 1) -> Manifest:
    return release.controller(image) | {"status": {"availableReplicas": available} if available else {}}


def found(
    crds: Sequence[Manifest] = OWN,
    classes: Sequence[Manifest] | None = None,
    deployment: Manifest | None = None,
) -> Found:
    """A cluster that has everything, except for the arguments."""
    return Found(
        crds=by_name(crds),
        classes=by_name([gateway_class()] if classes is None else classes),
        controller=controller() if deployment is None else deployment,
    )


def test_a_cluster_that_has_everything_lacks_nothing() -> None:
    assert list(lacks(WANTED, found())) == []


@pytest.mark.parametrize(
    ("cluster", "line"),
    [
        (
            found(crds=[crd("GatewayClass"), crd("Gateway")]),
            f"CustomResourceDefinition {ROUTES} is missing, for HTTPRoute gateway.networking.k8s.io/v1",
        ),
        (
            found(crds=[crd("GatewayClass"), crd("Gateway"), crd("HTTPRoute", versions=("v1alpha2", "v1beta1"))]),
            f"CustomResourceDefinition {ROUTES} serves v1alpha2, v1beta1, not HTTPRoute gateway.networking.k8s.io/v1",
        ),
        (
            found(crds=[crd("GatewayClass"), crd("Gateway"), crd("HTTPRoute", bundle="v1.4.0")]),
            "Gateway API's CRDs are of release 1.4.0; the stack's objects were validated against 1.6.1, "
            "which Envoy Gateway 1.9.1 brings",
        ),
        (
            found(classes=[gateway_class(name="nginx")]),
            "GatewayClass app-gatewayclass is missing (synergychat:gateway.className); existing: nginx",
        ),
        (
            found(classes=[gateway_class(controller="example.com/other")]),
            "GatewayClass app-gatewayclass is for the controller example.com/other, "
            "not for Envoy Gateway (gateway.envoyproxy.io/gatewayclass-controller)",
        ),
        (
            found(classes=[gateway_class(status="False")]),
            "GatewayClass app-gatewayclass is not accepted: InvalidParameters: no EnvoyProxy",
        ),
        (
            found(classes=[gateway_class(status=None)]),
            "GatewayClass app-gatewayclass is not accepted: no controller has processed it",
        ),
        (
            found(deployment={}),
            "Deployment envoy-gateway in namespace envoy-gateway-system (synergychat:envoyGateway.namespace) "
            "is missing",
        ),
        (
            found(deployment=controller(available=0)),
            "Deployment envoy-gateway in namespace envoy-gateway-system (synergychat:envoyGateway.namespace) "
            "has no available pod",
        ),
        (
            found(deployment=controller("registry.example.com/gateway:v1.8.2")),
            "Deployment envoy-gateway in namespace envoy-gateway-system (synergychat:envoyGateway.namespace) "
            "runs Envoy Gateway 1.8.2; the stack's objects were validated against 1.9.1 "
            "(synergychat:envoyGateway.version)",
        ),
    ],
)
def test_what_is_missing_is_named(cluster: Found, line: str) -> None:
    assert list(lacks(WANTED, cluster)) == [line]


NEWER = [crd(kind, bundle="v1.10.0") for kind in ("GatewayClass", "Gateway", "HTTPRoute")]


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param(found(crds=NEWER), id="newer CRDs"),
        pytest.param(found(deployment=controller("docker.io/envoyproxy/gateway:v1.10.0")), id="a newer controller"),
        pytest.param(found(deployment=controller(f"example.com/gateway@sha256:{'0' * 64}")), id="a digest"),
        pytest.param(Found(crds=None, classes=None, controller=None), id="nothing may be read"),
    ],
)
def test_newer_and_unknown_versions_are_accepted(cluster: Found) -> None:
    assert list(lacks(WANTED, cluster)) == []


def test_everything_that_is_missing_is_named_at_once() -> None:
    assert len(list(lacks(WANTED, Found(crds={}, classes={}, controller={})))) == 5


# Reading a cluster


def kubectl(answers: Mapping[str, object]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A kubectl with these answers by resource, and an error for any other."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        assert "--ignore-not-found" in arguments
        resource = arguments[1].partition(".")[0]
        if resource not in answers:
            return subprocess.CompletedProcess([], 1, "", f"Error from server (Forbidden): {resource}")
        return subprocess.CompletedProcess([], 0, json.dumps(answers[resource]) if answers[resource] else "", "")

    return run


def test_kubectl_may_answer_with_one_object_or_a_list() -> None:
    cluster = look(
        kubectl(
            {
                "customresourcedefinitions": {"kind": "List", "items": OWN},
                "gatewayclasses": {"kind": "List", "items": [gateway_class()]},
                "deployments": controller(),
            }
        ),
        WANTED,
    )
    assert list(lacks(WANTED, cluster)) == []
    assert cluster.unanswered == []


def test_an_empty_cluster_has_nothing() -> None:
    cluster = look(kubectl({"customresourcedefinitions": None, "deployments": None}), WANTED)
    assert (cluster.crds, cluster.classes, cluster.controller, cluster.unanswered) == ({}, {}, {}, [])


def test_what_may_not_be_read_is_skipped_and_reported() -> None:
    cluster = look(kubectl({"gatewayclasses": None}), WANTED)
    assert (cluster.crds, cluster.controller) == (None, None)
    assert cluster.classes == {}
    assert cluster.unanswered == [
        "Error from server (Forbidden): customresourcedefinitions",
        "Error from server (Forbidden): deployments",
    ]
