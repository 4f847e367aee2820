"""Images without a digest, wherever an object names one."""

import re
from pathlib import Path
from typing import Any

import pytest

from checks.rules.image_digests import without_digest
from kube.manifest import Manifest
from tests.unit import program

DIGEST = "sha256:" + "0" * 64


def deployment(**pod: Any) -> Manifest:
    return {"kind": "Deployment", "spec": {"template": {"spec": pod}}}


def cron_job(**pod: Any) -> Manifest:
    return {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}


def proxy(**kubernetes: Any) -> Manifest:
    return {"kind": "EnvoyProxy", "spec": {"provider": {"kubernetes": kubernetes}}}


def wasm(**image: str) -> Manifest:
    return {"kind": "EnvoyExtensionPolicy", "spec": {"wasm": [{"code": {"type": "Image", "image": image}}]}}


def configuration(text: str) -> Manifest:
    return {"kind": "ConfigMap", "data": {"envoy-gateway.yaml": text}}


@pytest.mark.parametrize(
    ("manifest", "fields"),
    [
        (deployment(containers=[{"image": f"a@{DIGEST}"}, {"image": "b"}]), ["spec.template.spec.containers[1].image"]),
        (deployment(initContainers=[{"image": "a"}]), ["spec.template.spec.initContainers[0].image"]),
        (deployment(containers=[{"image": f"a:1@{DIGEST}"}]), []),
        (deployment(containers=[{"image": "a:1@sha256:"}]), ["spec.template.spec.containers[0].image"]),
        (deployment(containers=[{"image": f"a@{DIGEST}0"}]), ["spec.template.spec.containers[0].image"]),
        (deployment(ephemeralContainers=[{"image": "a"}]), ["spec.template.spec.ephemeralContainers[0].image"]),
        (
            deployment(volumes=[{"name": "v", "image": {"reference": "x"}}]),
            ["spec.template.spec.volumes[0].image.reference"],
        ),
        (deployment(volumes=[{"name": "v", "image": {"reference": f"x@{DIGEST}"}}]), []),
        (wasm(url="a:latest"), ["spec.wasm[0].code.image.url"]),
        (wasm(url="a:latest", sha256="latest"), ["spec.wasm[0].code.image.url"]),
        (wasm(url="a:latest", sha256="0" * 64), []),
        (wasm(url=f"a@{DIGEST}"), []),
        (cron_job(containers=[{"image": "a"}]), ["spec.jobTemplate.spec.template.spec.containers[0].image"]),
        (
            proxy(envoyDeployment={"container": {"image": "a"}}),
            ["spec.provider.kubernetes.envoyDeployment.container.image"],
        ),
        (
            proxy(
                envoyDaemonSet={"initContainers": [{"image": "a"}], "pod": {"volumes": [{"image": {"reference": "b"}}]}}
            ),
            [
                "spec.provider.kubernetes.envoyDaemonSet.initContainers[0].image",
                "spec.provider.kubernetes.envoyDaemonSet.pod.volumes[0].image.reference",
            ],
        ),
        (
            configuration("provider: {kubernetes: {shutdownManager: {image: a}}}"),
            ["data[envoy-gateway.yaml].provider.kubernetes.shutdownManager.image"],
        ),
        (
            configuration("{rateLimit: {}, provider: {kubernetes: {rateLimitDeployment: {container: {image: a}}}}}"),
            ["data[envoy-gateway.yaml].provider.kubernetes.rateLimitDeployment.container.image"],
        ),
        (configuration("provider: {kubernetes: {rateLimitDeployment: {container: {image: not run}}}}"), []),
        ({"kind": "ConfigMap", "data": {"page.yaml": "containers: [{image: a}]"}}, []),
    ],
)
def test_an_image_without_a_digest_is_found(manifest: Manifest, fields: list[str]) -> None:
    assert [(problem.field, problem.code) for problem in without_digest(manifest)] == [
        (field, "image-without-digest") for field in fields
    ]


def test_a_repository_without_a_tag_is_found_because_it_gets_a_tag() -> None:
    (found,) = without_digest(proxy(envoyDeployment={"container": {"imageRepository": "registry.example.com/envoy"}}))
    assert found.code == "image-repository-without-digest"
    assert found.field == "spec.provider.kubernetes.envoyDeployment.container.imageRepository"


def test_a_stack_that_requires_digests_is_refused_for_every_image_without_one(
    tmp_path: Path, pinned_manifest: Path
) -> None:
    config = {"synergychat:requireDigests": True, "synergychat:web": {"image": f"registry.example.com/web@{DIGEST}"}}
    recording = program.run(tmp_path, preview=True, manifest=pinned_manifest, config=config)
    assert recording.resources == {}
    (message,) = recording.log
    assert message.count("[image-without-digest]") == 6
    places = re.findall(r"^  (.+?) = ", message, re.MULTILINE)
    assert [re.sub(r"^__main__.py:[0-9]+: ", "", place) for place in places] == [
        "Deployment envoy-gateway: spec.template.spec.containers[0].image",
        "Job eg-gateway-helm-certgen: spec.template.spec.containers[0].image",
        "synergychat:api.image",
        "synergychat:crawler.image",
        "synergychat:envoyGateway.config.provider.kubernetes.shutdownManager.image",
        "synergychat:gateway.proxy.provider.kubernetes.envoyDeployment.container.image",
    ]


def test_another_stack_may_name_images_by_tag(tmp_path: Path, pinned_manifest: Path) -> None:
    assert program.run(tmp_path, preview=True, manifest=pinned_manifest).log == []


@pytest.mark.parametrize(("checksum", "is_refused"), [({}, True), ({"sha256": "0" * 64}, False)])
def test_a_wasm_file_of_a_server_needs_a_checksum(checksum: dict[str, str], is_refused: bool) -> None:
    file = {"url": "https://files.example.com/filter.wasm", **checksum}
    policy = {"kind": "EnvoyExtensionPolicy", "spec": {"wasm": [{"code": {"type": "HTTP", "http": file}}]}}
    assert [found.code for found in without_digest(policy)] == ["wasm-without-checksum"] * is_refused
