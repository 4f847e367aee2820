"""Objects: any other Kubernetes objects of a stack's config."""

from typing import Any

import pytest

from tests.unit import small_stack

GATEWAY_API = "gateway.networking.k8s.io/v1"


def manifest(api_version: str, kind: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "mine", "namespace": small_stack.NAMESPACE, **metadata},
    }


def metadata(declared: dict[str, Any]) -> dict[str, Any]:
    """Metadata of the object, as it is registered."""
    (found,) = [resource for resource in small_stack.build(objects=[declared]) if resource.name.startswith("object/")]
    return found.inputs["metadata"]


def annotations(declared: dict[str, Any]) -> dict[str, str]:
    return metadata(declared)["annotations"]


def test_an_object_has_the_stacks_field_manager_and_labels_and_keeps_its_own() -> None:
    found = metadata(manifest("v1", "ConfigMap", annotations={"a": "b"}, labels={"c": "d"}))
    assert found["annotations"] == {"pulumi.com/patchFieldManager": "synergychat", "a": "b"}
    assert found["labels"] == {
        "app.kubernetes.io/part-of": "synergychat",
        "app.kubernetes.io/managed-by": "pulumi",
        "c": "d",
    }


def test_objects_have_the_same_readiness_as_the_chats() -> None:
    assert annotations(manifest("v1", "Service"))["pulumi.com/skipAwait"] == "true"
    assert "updatedReplicas" in annotations(manifest("apps/v1", "Deployment"))["pulumi.com/waitFor"]
    for kind in ("Gateway", "ListenerSet"):
        assert "Programmed" in annotations(manifest(GATEWAY_API, kind))["pulumi.com/waitFor"]


def test_a_policy_is_not_waited_for_because_its_target_may_come_later() -> None:
    policy = manifest("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy")
    assert "pulumi.com/waitFor" not in annotations(policy)


def test_an_object_does_not_wait_for_the_gateway_that_may_wait_for_it() -> None:
    recording = small_stack.build(objects=[manifest("cert-manager.io/v1", "Certificate")])
    name = f"object/certificate/{small_stack.NAMESPACE}/mine"
    assert recording.waits_for(name, "gateway-class")
    assert not recording.waits_for(name, "gateway-gateway")


def test_an_object_may_set_its_own_readiness() -> None:
    own = {"pulumi.com/waitFor": "condition=Mine"}
    for api_version, kind in (("apps/v1", "Deployment"), (GATEWAY_API, "Gateway")):
        assert annotations(manifest(api_version, kind, annotations=own)).items() >= own.items()


@pytest.mark.parametrize("protect", [True, False])
@pytest.mark.parametrize(
    ("api_version", "kind", "holds"),
    [
        ("v1", "PersistentVolumeClaim", True),
        ("v1", "Namespace", True),
        (GATEWAY_API, "Gateway", True),
        ("v1", "ConfigMap", False),
    ],
)
def test_protect_covers_objects_that_hold_data_or_an_address(
    api_version: str, kind: str, holds: bool, protect: bool
) -> None:
    recording = small_stack.build(objects=[manifest(api_version, kind)], protect=protect)
    (found,) = [resource for resource in recording if resource.name.startswith("object/")]
    assert found.protect is (holds and protect)
