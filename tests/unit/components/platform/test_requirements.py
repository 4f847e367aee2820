"""What a stack on an external platform relies on, looked up before anything is changed."""

import json
import subprocess
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

from components.platform.requirements import Found, Wanted, lacks, look
from tests.unit import release

Wire = dict[str, Any]
ROUTES = "httproutes.gateway.networking.k8s.io"
NEEDED = "v1.6.1"


def crd(kind: str, *, bundle: str = NEEDED, versions: tuple[str, ...] = ("v1",)) -> Wire:
    found = release.crd(f"{kind.lower()}s".replace("classs", "classes"), "gateway.networking.k8s.io", kind=kind)
    found["metadata"]["annotations"] = {"gateway.networking.k8s.io/bundle-version": bundle}
    found["spec"]["versions"] = [{"name": each, "served": True, "schema": {}} for each in versions]
    return found


OWN = [crd("GatewayClass"), crd("Gateway"), crd("HTTPRoute"), crd("TCPRoute")]
WANTED = Wanted(
    release=release.manifest(release.controller("docker.io/envoyproxy/gateway:v1.9.1"), *OWN),
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
    status: str | None = "True", controller: str = "gateway.envoyproxy.io/gatewayclass-controller"
) -> Wire:
    found = release.wire("gateway.networking.k8s.io/v1", "GatewayClass", "app-gatewayclass", namespace=None)
    found["spec"] = {"controllerName": controller}
    said = {"type": "Accepted", "status": status, "reason": "InvalidParameters", "message": "no EnvoyProxy"}
    return found | {"status": {"conditions": [said] if status else []}}


def controller(image: str = "docker.io/envoyproxy/gateway:v1.9.1", available: int = 1) -> Wire:
    return release.controller(image) | {"status": {"availableReplicas": available} if available else {}}


def named(*objects: Wire) -> Mapping[str, Wire]:
    return {each["metadata"]["name"]: each for each in deepcopy(objects)}


def found(
    crds: Mapping[str, Wire] | None = None,
    classes: Mapping[str, Wire] | None = None,
    deployment: Wire | None = None,
) -> Found:
    """A cluster that has everything, but for what is given."""
    return Found(
        crds=named(*OWN) if crds is None else crds,
        classes=named(gateway_class()) if classes is None else classes,
        controller=controller() if deployment is None else deployment,
    )


def test_a_cluster_that_has_everything_lacks_nothing() -> None:
    assert list(lacks(WANTED, found())) == []


@pytest.mark.parametrize(
    ("cluster", "line"),
    [
        (
            found(crds=named(crd("GatewayClass"), crd("Gateway"))),
            f"CustomResourceDefinition {ROUTES} is not there, for HTTPRoute gateway.networking.k8s.io/v1",
        ),
        (
            found(crds=named(crd("GatewayClass"), crd("Gateway"), crd("HTTPRoute", versions=("v1alpha2", "v1beta1")))),
            f"CustomResourceDefinition {ROUTES} serves v1alpha2, v1beta1, not HTTPRoute gateway.networking.k8s.io/v1",
        ),
        (
            found(crds=named(crd("GatewayClass"), crd("Gateway"), crd("HTTPRoute", bundle="v1.4.0"))),
            "Gateway API's CRDs are of v1.4.0; this stack's objects were checked against v1.6.1, "
            "which Envoy Gateway 1.9.1 brings",
        ),
        (
            found(classes=named(release.wire("gateway.networking.k8s.io/v1", "GatewayClass", "nginx", namespace=None))),
            "GatewayClass app-gatewayclass is not there (synergychat:gateway.className); there: nginx",
        ),
        (
            found(classes=named(gateway_class(controller="example.com/other"))),
            "GatewayClass app-gatewayclass is for the controller example.com/other, "
            "not for Envoy Gateway (gateway.envoyproxy.io/gatewayclass-controller)",
        ),
        (
            found(classes=named(gateway_class(status="False"))),
            "GatewayClass app-gatewayclass is not accepted: InvalidParameters: no EnvoyProxy",
        ),
        (
            found(classes=named(gateway_class(status=None))),
            "GatewayClass app-gatewayclass is not accepted: no controller has looked at it",
        ),
        (
            found(deployment={}),
            "Deployment envoy-gateway in namespace envoy-gateway-system (synergychat:envoyGateway.namespace) "
            "is not there",
        ),
        (
            found(deployment=controller(available=0)),
            "Deployment envoy-gateway in namespace envoy-gateway-system (synergychat:envoyGateway.namespace) "
            "has no pod that is available",
        ),
        (
            found(deployment=controller("registry.example.com/gateway:v1.8.2")),
            "Deployment envoy-gateway in namespace envoy-gateway-system (synergychat:envoyGateway.namespace) "
            "runs Envoy Gateway 1.8.2; this stack's objects were checked against 1.9.1 "
            "(synergychat:envoyGateway.version)",
        ),
    ],
)
def test_what_is_missing_is_named(cluster: Found, line: str) -> None:
    assert list(lacks(WANTED, cluster)) == [line]


NEWER = named(*(crd(kind, bundle="v1.10.0") for kind in ("GatewayClass", "Gateway", "HTTPRoute")))


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param(found(crds=NEWER), id="newer CRDs"),
        pytest.param(found(deployment=controller("docker.io/envoyproxy/gateway:v1.10.0")), id="a newer controller"),
        pytest.param(found(deployment=controller(f"example.com/gateway@sha256:{'0' * 64}")), id="a digest"),
        pytest.param(Found(crds=None, classes=None, controller=None), id="nothing that may be read"),
    ],
)
def test_what_is_newer_or_cannot_be_known_is_taken(cluster: Found) -> None:
    assert list(lacks(WANTED, cluster)) == []


def test_all_that_is_missing_is_told_at_once() -> None:
    assert len(list(lacks(WANTED, Found(crds={}, classes={}, controller={})))) == 5


# Asking


def kubectl(answers: Mapping[str, object]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Answers by resource; with an error for what is not in `answers`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        assert "--ignore-not-found" in arguments
        resource = arguments[1].partition(".")[0]
        if resource not in answers:
            return subprocess.CompletedProcess([], 1, "", f"Error from server (Forbidden): {resource}")
        return subprocess.CompletedProcess([], 0, json.dumps(answers[resource]) if answers[resource] else "", "")

    return run


def test_one_object_alone_and_a_list_are_understood() -> None:
    asked = kubectl(
        {
            "customresourcedefinitions": {"kind": "List", "items": OWN},
            "gatewayclasses": {"kind": "List", "items": [gateway_class()]},
            "deployments": controller(),
        }
    )
    cluster = look(asked, WANTED)
    assert list(lacks(WANTED, cluster)) == []
    assert cluster.unanswered == []


def test_an_empty_cluster_has_nothing() -> None:
    cluster = look(kubectl({"customresourcedefinitions": None, "deployments": None}), WANTED)
    assert (cluster.crds, cluster.classes, cluster.controller, cluster.unanswered) == ({}, {}, {}, [])


def test_what_may_not_be_read_is_passed_over_and_said() -> None:
    cluster = look(kubectl({"gatewayclasses": None}), WANTED)
    assert (cluster.crds, cluster.controller) == (None, None)
    assert cluster.classes == {}
    assert cluster.unanswered == [
        "Error from server (Forbidden): customresourcedefinitions",
        "Error from server (Forbidden): deployments",
    ]
