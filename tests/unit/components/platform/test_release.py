"""How a release's manifest is taken apart, put in order and made ready for Pulumi."""

import copy
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from components.platform.release import Manifest, Object, configured, identity, prepared, split
from components.platform.sources import ManifestError
from tests.unit import release
from tests.unit.release import NAMESPACE, ORIGIN, crd, wire


def names(objects: Iterable[Object]) -> list[str]:
    return [identity(each) for each in objects]


def refusal(data: bytes, **settings: Any) -> str:
    with pytest.raises(ManifestError) as raised:
        split(data, release.source(**settings), "0" * 64, ORIGIN)
    return str(raised.value)


def without(name: str) -> list[release.Wire]:
    left = [each for each in release.objects() if identity(each) != name]
    assert len(left) == len(release.objects()) - 1
    return left


def test_a_release_is_split_by_what_has_to_be_there_first() -> None:
    manifest = release.manifest()
    assert names([manifest.namespace]) == [f"namespace-{NAMESPACE}"]
    assert names(manifest.crds) == [
        "customresourcedefinition-gatewayclasses.gateway.networking.k8s.io",
        "customresourcedefinition-envoyproxies.gateway.envoyproxy.io",
    ]
    assert names(manifest.settings) == [
        "service-envoy-gateway",
        "configmap-envoy-gateway-config",
        "serviceaccount-envoy-gateway",
    ]
    assert names(manifest.jobs) == ["job-eg-gateway-helm-certgen"]
    assert names([manifest.controller]) == ["deployment-envoy-gateway"]


def test_no_object_of_a_release_is_lost() -> None:
    manifest = release.manifest()
    kept = [manifest.namespace, *manifest.crds, *manifest.settings, *manifest.jobs, manifest.controller]
    assert sorted(names(kept)) == sorted(names(release.objects()))


def test_a_manifest_knows_its_release_and_its_sum() -> None:
    data = release.text()
    manifest = split(data, release.source(version="1.5.1"), "a" * 64, ORIGIN)
    assert (manifest.version, manifest.sha256) == ("1.5.1", "a" * 64)


def test_a_release_without_its_namespace_gets_one() -> None:
    assert names([release.manifest(*without(f"namespace-{NAMESPACE}")).namespace]) == [f"namespace-{NAMESPACE}"]


def test_empty_documents_and_comments_are_passed_over() -> None:
    data = b"# Source: chart\n---\n---\n" + release.text() + b"---\n# the end\n"
    assert split(data, release.source(), "0" * 64, ORIGIN) == split(release.text(), release.source(), "0" * 64, ORIGIN)


def test_a_manifest_without_the_controller_is_refused() -> None:
    message = refusal(release.text(*without("deployment-envoy-gateway")))
    assert message == "install.yaml is no Envoy Gateway release: its one Deployment must be envoy-gateway"


def test_a_manifest_with_a_second_deployment_is_refused() -> None:
    stowaway = wire("apps/v1", "Deployment", "miner")
    assert "its one Deployment must be envoy-gateway" in refusal(release.text(*release.objects(), stowaway))


def of_image(image: str) -> bytes:
    return release.text(*without("deployment-envoy-gateway"), release.controller(image))


def test_a_manifest_of_another_version_is_refused_with_both_cures() -> None:
    image = "docker.io/envoyproxy/gateway:v1.8.0"
    assert refusal(of_image(image), version="1.9.1") == (
        f"install.yaml runs Envoy Gateway 1.8.0 ({image}), not 1.9.1: "
        "set synergychat:envoyGateway.version to 1.8.0, or its sha256 to the sum of 1.9.1's manifest"
    )


@pytest.mark.parametrize(
    "tag", [":v1.9.1", ":1.9.1", f":v1.9.1@sha256:{'a' * 64}", f"@sha256:{'a' * 64}", ":stable", ""]
)
def test_an_image_of_the_version_or_of_none_that_it_tells_is_taken(tag: str) -> None:
    data = of_image(f"registry.example.com:5000/gateway{tag}")
    assert split(data, release.source(version="1.9.1"), "0" * 64, ORIGIN).version == "1.9.1"


def test_a_manifest_whose_controller_has_no_image_is_refused() -> None:
    bare = wire("apps/v1", "Deployment", "envoy-gateway")
    assert "its Deployment envoy-gateway has no image" in refusal(
        release.text(*without("deployment-envoy-gateway"), bare)
    )


def test_a_manifest_without_the_crds_is_refused() -> None:
    lacking = without("customresourcedefinition-gatewayclasses.gateway.networking.k8s.io")
    assert refusal(release.text(*lacking)) == (
        "install.yaml is no Envoy Gateway release: "
        "it has no CustomResourceDefinition gatewayclasses.gateway.networking.k8s.io"
    )


def test_a_manifest_for_another_namespace_is_refused_with_both_cures() -> None:
    assert refusal(release.text(), namespace="gateways") == (
        "install.yaml installs into the namespace envoy-gateway-system, not gateways: "
        "set synergychat:envoyGateway.namespace to envoy-gateway-system, or render the chart for gateways"
    )


@pytest.mark.parametrize("data", [b"kind: [", b"a: b: c", b"\xff\xfe\x00binary", b"key: !!python/object:os.system {}"])
def test_what_is_not_yaml_is_refused_in_one_line(data: bytes) -> None:
    message = refusal(data)
    assert message.startswith("install.yaml is not YAML: ")
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
def test_a_document_that_is_no_object_is_refused(data: bytes) -> None:
    assert refusal(data) == (
        "install.yaml is no Kubernetes manifest: a document in it has no apiVersion, kind or metadata.name"
    )


def test_an_empty_manifest_is_refused() -> None:
    assert "is no Envoy Gateway release" in refusal(b"")


def test_an_object_that_is_there_twice_is_named() -> None:
    twice = [*release.objects(), wire("v1", "ConfigMap", "envoy-gateway-config", data={"other": "text"})]
    assert refusal(release.text(*twice)) == "install.yaml has configmap-envoy-gateway-config twice"


@pytest.mark.parametrize("given", release.objects(), ids=identity)
def test_every_object_gets_our_field_manager_and_keeps_what_it_carried(given: release.Wire) -> None:
    given["metadata"]["annotations"] = {"helm.sh/hook": "pre-install"}
    given["metadata"]["labels"] = {"app": "eg"}
    metadata = prepared(given, 120)["metadata"]
    assert metadata["annotations"]["pulumi.com/patchFieldManager"] == "synergychat"
    assert metadata["annotations"]["helm.sh/hook"] == "pre-install"
    assert metadata["labels"] == {"app": "eg"}


def test_an_object_with_an_empty_set_of_annotations_is_taken() -> None:
    given = wire("v1", "ConfigMap", "envoy-gateway-config")
    given["metadata"]["annotations"] = None
    assert prepared(given, 120)["metadata"]["annotations"] == {
        "pulumi.com/patchFieldManager": "synergychat",
        "pulumi.com/patchForce": "true",
    }


@pytest.mark.parametrize("given", release.objects(), ids=identity)
def test_the_release_itself_is_left_as_it_is(given: release.Wire) -> None:
    before = copy.deepcopy(given)
    prepared(given, 120)
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
    (version,) = prepared(given, 120)["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"] == {
        "type": "object",
        "properties": {
            "description": {"type": "string"},
            "spec": {"type": "object", "required": ["description"]},
        },
        "allOf": [{"required": ["spec"]}],
    }


def test_a_description_outside_a_crd_stays() -> None:
    given = wire("v1", "ConfigMap", "envoy-gateway-config", data={"description": "prose"})
    assert prepared(given, 120)["data"] == {"description": "prose"}


def test_nothing_waits_for_a_service_of_the_release() -> None:
    annotations = prepared(wire("v1", "Service", "envoy-gateway", spec={}), 120)["metadata"]["annotations"]
    assert annotations["pulumi.com/skipAwait"] == "true"


def test_a_job_stays_when_it_is_done_and_is_made_again_when_it_failed() -> None:
    given = wire("batch/v1", "Job", "certgen", spec={"backoffLimit": 1, "ttlSecondsAfterFinished": 0})
    job = prepared(given, 120)
    assert job["spec"] == {"backoffLimit": 1}
    assert job["metadata"]["annotations"]["pulumi.com/replaceUnready"] == "true"


def test_the_controller_gives_up_before_the_wait_for_it_ends() -> None:
    spec = prepared(wire("apps/v1", "Deployment", "envoy-gateway", spec={"replicas": 2}), 100)["spec"]
    assert spec == {"replicas": 2, "progressDeadlineSeconds": 90}


# The controller's configuration


def settings_of(manifest: Manifest) -> Any:
    (config_map,) = [each for each in manifest.settings if identity(each) == "configmap-envoy-gateway-config"]
    return yaml.safe_load(config_map["data"]["envoy-gateway.yaml"])


def checksum_of(manifest: Manifest) -> str:
    return manifest.controller["spec"]["template"]["metadata"]["annotations"]["synergychat/settings-sha256"]


def test_fields_of_the_config_are_laid_over_the_releases_configuration() -> None:
    manifest = configured(release.manifest(), {"extensionApis": {"enableBackend": True}})
    assert settings_of(manifest) == {"kind": "EnvoyGateway", "extensionApis": {"enableBackend": True}}
    template = manifest.controller["spec"]["template"]["spec"]
    assert template == release.manifest().controller["spec"]["template"]["spec"]


def test_another_configuration_makes_another_controllers_pod_and_the_same_one_does_not() -> None:
    one, again, other = (
        configured(release.manifest(), {"logging": {"level": {"default": level}}})
        for level in ("info", "info", "debug")
    )
    assert checksum_of(one) == checksum_of(again) != checksum_of(other)


def test_without_fields_the_release_is_as_it_was() -> None:
    assert configured(release.manifest(), {}) == release.manifest()


def test_a_release_that_keeps_its_configuration_elsewhere_refuses_fields() -> None:
    others = [wire for wire in release.objects() if wire["kind"] != "ConfigMap"]
    with pytest.raises(
        ManifestError, match=r"keeps no envoy-gateway\.yaml .*: take synergychat:envoyGateway\.config out"
    ):
        configured(release.manifest(*others), {"logging": {}})
