"""CRDs of Gateway API that are older than the controller."""

import pytest

from kube.manifest import Manifest
from tests.unit.health.cluster_objects import (
    an_object,
    deployment,
    text_of,
)


def crd(kind: str, bundle: str | None) -> Manifest:
    definition = an_object("CustomResourceDefinition", "apiextensions.k8s.io/v1", kind, spec={"names": {"kind": kind}})
    definition["metadata"] |= {"annotations": {"gateway.networking.k8s.io/bundle-version": bundle}} if bundle else {}
    return definition


def controller(image: str) -> Manifest:
    item = deployment()
    item["metadata"] |= {"labels": {"control-plane": "envoy-gateway"}}
    item["spec"] |= {"template": {"spec": {"containers": [{"name": "envoy-gateway", "image": image}]}}}
    return item


NEEDED = ("GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "BackendTLSPolicy")
RELEASE = "example.com:5000/gateway:v1.9.1@sha256:00"


def test_crds_that_are_older_than_the_controller_are_named_with_the_needed_release() -> None:
    definitions = [crd(kind, "v1.6.1") for kind in NEEDED if kind not in ("TCPRoute", "UDPRoute", "TLSRoute")]
    old = [crd("TCPRoute", "v1.5.1"), crd("UDPRoute", None)]
    assert text_of(controller(RELEASE), *definitions, *old).splitlines() == [
        "TLSRoute.gateway.networking.k8s.io: OlderCRD: "
        "its CRD is missing, but Envoy Gateway 1.9 needs the one of 1.6.1",
        "TCPRoute.gateway.networking.k8s.io: OlderCRD: "
        "its CRD is from Gateway API 1.5.1, but Envoy Gateway 1.9 needs the one of 1.6.1",
        "UDPRoute.gateway.networking.k8s.io: OlderCRD: "
        "its CRD has no release, but Envoy Gateway 1.9 needs the one of 1.6.1",
        "-> Another installation replaced the Gateway API CRDs. To restore this release's: pulumi up --refresh",
        "-> Then restart the controller: kubectl --context kind-one rollout restart -n chat deployment/envoy-gateway",
    ]


def test_the_crds_of_a_release_are_new_enough_for_its_controller(
    manifest_objects: list[Manifest], manifest_crds: list[Manifest]
) -> None:
    (released,) = (manifest for manifest in manifest_objects if manifest["kind"] == "Deployment")
    container = released["spec"]["template"]["spec"]["containers"][0]
    assert text_of(controller(container["image"]), *manifest_crds) == ""


@pytest.mark.parametrize("image", [RELEASE, "example.com/gateway:mirrored"])
def test_newer_crds_are_ready(image: str) -> None:
    assert text_of(controller(image), *(crd(kind, "v1.10.0") for kind in NEEDED)) == ""


def test_crds_that_cannot_be_read_are_not_checked() -> None:
    assert text_of(controller(RELEASE)) == ""
