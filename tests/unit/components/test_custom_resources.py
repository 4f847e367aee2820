"""Custom resources of a stack, validated against the schemas and CEL rules of the pinned release."""

from typing import Any

import pytest

from checks.schema import Crds, validate
from kube.manifest import Manifest
from tests.unit import small_stack

GROUPS = ("gateway.networking.k8s.io/", "gateway.envoyproxy.io/")
EXPOSURES: dict[str, dict[str, Any]] = {
    "LoadBalancer": {},
    "NodePort": {"exposure": "NodePort", "nodePort": 30080},
    "ClusterIP": {"exposure": "ClusterIP", "port": 8080},
}


def custom_resources(**gateway: Any) -> list[Manifest]:
    """All custom resources of a stack with these keys in `gateway`, as they are registered."""
    objects = [resource.inputs for resource in small_stack.build(gateway=gateway).kubernetes]
    return [manifest for manifest in objects if manifest["apiVersion"].startswith(GROUPS)]


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_every_custom_resource_of_a_stack_is_valid(exposure: str, crds: Crds) -> None:
    manifests = custom_resources(**EXPOSURES[exposure])
    assert {manifest["kind"] for manifest in manifests} == {"EnvoyProxy", "Gateway", "GatewayClass", "HTTPRoute"}
    assert [str(found) for manifest in manifests for found in validate(manifest, crds)] == []
