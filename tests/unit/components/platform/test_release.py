"""Release: how a manifest is split, ordered and prepared for Pulumi."""

import copy
from collections.abc import Iterable
from typing import Any

import pytest

from components.platform.release import Release, controller_config, prepare, split, with_config
from components.platform.sources import ManifestError
from kube.manifest import Manifest, identity
from tests.unit import release
from tests.unit.release import NAMESPACE, ORIGIN, crd, manifest


def names(objects: Iterable[Manifest]) -> list[str]:
    return list(map(identity, objects))


def refusal(data: bytes, **settings: Any) -> str:
    with pytest.raises(ManifestError) as raised:
        split(data, release.source(**settings), "0" * 64, ORIGIN)
    return str(raised.value)


def without(name: str) -> list[Manifest]:
    """The objects of the release without one of them."""
    others = [manifest for manifest in release.objects() if identity(manifest) != name]
    assert len(others) == len(release.objects()) - 1
    return others


def test_a_release_is_split_in_the_order_in_which_its_objects_have_to_exist() -> None:
    found = release.release()
    assert names([found.namespace]) == [f"namespace-{NAMESPACE}"]
    assert names(found.crds) == [
        "customresourcedefinition-gatewayclasses.gateway.networking.k8s.io",
        "customresourcedefinition-envoyproxies.gateway.envoyproxy.io",
    ]
    assert names(found.settings) == [
        "service-envoy-gateway",
        "configmap-envoy-gateway-config",
        "serviceaccount-envoy-gateway",
    ]
    assert names(found.jobs) == ["job-eg-gateway-helm-certgen"]
    assert names([found.controller]) == ["deployment-envoy-gateway"]


def test_no_object_of_a_release_is_lost() -> None:
    found = release.release()
    kept = [found.namespace, *found.crds, *found.settings, *found.jobs, found.controller]
    assert sorted(names(kept)) == sorted(names(release.objects()))


def test_a_release_has_its_version_and_checksum() -> None:
    data = release.text()
    found = split(data, release.source(version="1.5.1"), "a" * 64, ORIGIN)
    assert (found.version, found.sha256) == ("1.5.1", "a" * 64)


def test_a_release_without_its_namespace_gets_one() -> None:
    assert names([release.release(*without(f"namespace-{NAMESPACE}")).namespace]) == [f"namespace-{NAMESPACE}"]


def test_empty_documents_and_comments_are_skipped() -> None:
    data = b"# Source: chart\n---\n---\n" + release.text() + b"---\n# the end\n"
    assert split(data, release.source(), "0" * 64, ORIGIN) == split(release.text(), release.source(), "0" * 64, ORIGIN)


def test_a_manifest_without_the_controller_is_refused() -> None:
    message = refusal(release.text(*without("deployment-envoy-gateway")))
    assert message == "install.yaml is not a release of Envoy Gateway: it must have a single Deployment, envoy-gateway"


def test_a_manifest_with_a_second_deployment_is_refused() -> None:
    miner = manifest("apps/v1", "Deployment", "miner")
    assert "it must have a single Deployment, envoy-gateway" in refusal(release.text(*release.objects(), miner))


def with_image(image: str) -> bytes:
    return release.text(*without("deployment-envoy-gateway"), release.controller(image))


def test_a_manifest_of_another_version_is_refused_with_both_fixes() -> None:
    image = "docker.io/envoyproxy/gateway:v1.8.0"
    assert refusal(with_image(image), version="1.9.1") == (
        f"install.yaml has Envoy Gateway 1.8.0 ({image}), not 1.9.1: "
        "set synergychat:envoyGateway.version to 1.8.0, or its sha256 to the checksum of 1.9.1's manifest"
    )
    # The cache has the old manifest, and the stack's file its checksum.
    assert refusal(with_image(image), version="1.9.1", sha256=("0" * 64,)).endswith(
        "set synergychat:envoyGateway.version to 1.8.0, "
        "or remove synergychat:envoyGateway.sha256, which 1.9.1 does not need"
    )


@pytest.mark.parametrize(
    "tag", [":v1.9.1", ":1.9.1", f":v1.9.1@sha256:{'a' * 64}", f"@sha256:{'a' * 64}", ":stable", ""]
)
def test_an_image_of_the_version_or_without_one_is_accepted(tag: str) -> None:
    data = with_image(f"registry.example.com:5000/gateway{tag}")
    assert split(data, release.source(version="1.9.1"), "0" * 64, ORIGIN).version == "1.9.1"


def test_a_manifest_whose_controller_has_no_image_is_refused() -> None:
    bare = manifest("apps/v1", "Deployment", "envoy-gateway")
    assert "its Deployment envoy-gateway has no image" in refusal(
        release.text(*without("deployment-envoy-gateway"), bare)
    )


def test_a_manifest_without_the_crds_is_refused() -> None:
    lacking = without("customresourcedefinition-gatewayclasses.gateway.networking.k8s.io")
    assert refusal(release.text(*lacking)) == (
        "install.yaml is not a release of Envoy Gateway: "
        "it has no CustomResourceDefinition gatewayclasses.gateway.networking.k8s.io"
    )


def test_a_manifest_for_another_namespace_is_refused_with_both_fixes() -> None:
    assert refusal(release.text(), namespace="gateways") == (
        "install.yaml installs into namespace envoy-gateway-system, not gateways: "
        "set synergychat:envoyGateway.namespace to envoy-gateway-system, or render the chart for gateways"
    )


@pytest.mark.parametrize("data", [b"kind: [", b"a: b: c", b"\xff\xfe\x00binary", b"key: !!python/object:os.system {}"])
def test_invalid_yaml_is_refused_in_one_line(data: bytes) -> None:
    message = refusal(data)
    assert message.startswith("install.yaml is not valid YAML: ")
    assert "\n" not in message


@pytest.mark.parametrize(
    "data",
    [
        b"just words",
        b"- a\n- list\n",
        b"apiVersion: v1\nkind: ConfigMap\n",
        b"apiVersion: v1\nmetadata: {name: a}\n",
        b"kind: ConfigMap\nmetadata: {name: a}\n",
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: a\n",
    ],
)
def test_a_document_that_is_not_an_object_is_refused(data: bytes) -> None:
    assert refusal(data) == (
        "install.yaml is not a Kubernetes manifest: a document in it has no apiVersion, kind or metadata.name"
    )


def test_an_empty_manifest_is_refused() -> None:
    assert "is not a release of Envoy Gateway" in refusal(b"")


def test_an_object_that_occurs_twice_is_named() -> None:
    twice = [*release.objects(), manifest("v1", "ConfigMap", "envoy-gateway-config", data={"other": "text"})]
    assert refusal(release.text(*twice)) == "install.yaml has configmap-envoy-gateway-config twice"


@pytest.mark.parametrize("given", release.objects(), ids=identity)
def test_every_object_gets_the_field_manager_and_keeps_its_own_annotations_and_labels(given: Manifest) -> None:
    given["metadata"]["annotations"] = {"helm.sh/hook": "pre-install"}
    given["metadata"]["labels"] = {"app": "eg"}
    metadata = prepare(given, 120)["metadata"]
    assert metadata["annotations"]["pulumi.com/patchFieldManager"] == "synergychat"
    assert metadata["annotations"]["helm.sh/hook"] == "pre-install"
    assert metadata["labels"] == {"app": "eg"}


def test_annotations_may_be_null() -> None:
    given = manifest("v1", "ConfigMap", "envoy-gateway-config")
    given["metadata"]["annotations"] = None
    assert prepare(given, 120)["metadata"]["annotations"] == {
        "pulumi.com/patchFieldManager": "synergychat",
    }


@pytest.mark.parametrize("given", release.objects(), ids=identity)
def test_the_release_itself_is_not_changed(given: Manifest) -> None:
    before = copy.deepcopy(given)
    prepare(given, 120)
    assert given == before


def test_a_crd_loses_its_descriptions_but_no_field_of_that_name() -> None:
    schema = {
        "type": "object",
        "description": "prose",
        "properties": {
            "description": {"type": "string", "description": "prose"},
            "spec": {"type": "object", "required": ["description"], "description": "prose"},
        },
        "allOf": [{"description": "prose", "required": ["spec"]}],
    }
    given = crd("envoyproxies", "gateway.envoyproxy.io", schema)
    (version,) = prepare(given, 120)["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"] == {
        "type": "object",
        "properties": {
            "description": {"type": "string"},
            "spec": {"type": "object", "required": ["description"]},
        },
        "allOf": [{"required": ["spec"]}],
    }


def test_a_description_outside_a_crd_stays() -> None:
    given = manifest("v1", "ConfigMap", "envoy-gateway-config", data={"description": "prose"})
    assert prepare(given, 120)["data"] == {"description": "prose"}


def test_an_update_does_not_wait_for_a_service_of_the_release() -> None:
    annotations = prepare(manifest("v1", "Service", "envoy-gateway", spec={}), 120)["metadata"]["annotations"]
    assert annotations["pulumi.com/skipAwait"] == "true"


def test_a_job_stays_when_it_is_complete_and_is_replaced_when_it_failed() -> None:
    given = manifest("batch/v1", "Job", "certgen", spec={"backoffLimit": 1, "ttlSecondsAfterFinished": 0})
    job = prepare(given, 120)
    assert job["spec"] == {"backoffLimit": 1}
    assert job["metadata"]["annotations"]["pulumi.com/replaceUnready"] == "true"


def test_the_controller_gives_up_before_the_wait_for_it_ends() -> None:
    spec = prepare(manifest("apps/v1", "Deployment", "envoy-gateway", spec={"replicas": 2}), 100)["spec"]
    assert spec == {"replicas": 2, "progressDeadlineSeconds": 90}


# The controller's configuration


def checksum(found: Release) -> str:
    """The annotation whose change replaces the controller's pod."""
    return found.controller["spec"]["template"]["metadata"]["annotations"]["synergychat/settings-sha256"]


def test_fields_of_the_config_are_merged_over_the_releases_configuration() -> None:
    found = with_config(release.release(), {"extensionApis": {"enableBackend": True}})
    assert controller_config(found) == {"kind": "EnvoyGateway", "extensionApis": {"enableBackend": True}}
    template = found.controller["spec"]["template"]["spec"]
    assert template == release.release().controller["spec"]["template"]["spec"]


def test_another_configuration_replaces_the_controllers_pod_and_the_same_one_does_not() -> None:
    one, again, other = (
        with_config(release.release(), {"logging": {"level": {"default": level}}})
        for level in ("info", "info", "debug")
    )
    assert checksum(one) == checksum(again) != checksum(other)


def test_without_fields_the_release_does_not_change() -> None:
    assert with_config(release.release(), {}) == release.release()


def test_a_release_without_the_configuration_refuses_fields() -> None:
    others = [manifest for manifest in release.objects() if manifest["kind"] != "ConfigMap"]
    with pytest.raises(
        ManifestError, match=r"has no envoy-gateway\.yaml in .*: remove synergychat:envoyGateway\.config"
    ):
        with_config(release.release(*others), {"logging": {}})
