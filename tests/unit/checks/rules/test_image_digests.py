"""Images by tag alone, wherever an object names one."""

from pathlib import Path
from typing import Any

import pytest

from checks.rules.image_digests import by_tag
from tests.unit import program

DIGEST = "sha256:" + "0" * 64


def deployment(**pod: Any) -> dict[str, Any]:
    return {"kind": "Deployment", "spec": {"template": {"spec": pod}}}


def cron_job(**pod: Any) -> dict[str, Any]:
    return {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}


def proxy(**kubernetes: Any) -> dict[str, Any]:
    return {"kind": "EnvoyProxy", "spec": {"provider": {"kubernetes": kubernetes}}}


def settings(text: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "data": {"envoy-gateway.yaml": text}}


@pytest.mark.parametrize(
    ("wire", "fields"),
    [
        (deployment(containers=[{"image": f"a@{DIGEST}"}, {"image": "b"}]), ["spec.template.spec.containers[1].image"]),
        (deployment(initContainers=[{"image": "a"}]), ["spec.template.spec.initContainers[0].image"]),
        (deployment(containers=[{"image": f"a:1@{DIGEST}"}]), []),
        (deployment(containers=[], volumes=[{"name": "v", "image": {"reference": "x"}}]), []),
        (cron_job(containers=[{"image": "a"}]), ["spec.jobTemplate.spec.template.spec.containers[0].image"]),
        (
            proxy(envoyDeployment={"container": {"image": "a"}}),
            ["spec.provider.kubernetes.envoyDeployment.container.image"],
        ),
        (
            settings("provider: {kubernetes: {shutdownManager: {image: a}}}"),
            ["data[envoy-gateway.yaml].provider.kubernetes.shutdownManager.image"],
        ),
        (
            settings("{rateLimit: {}, provider: {kubernetes: {rateLimitDeployment: {container: {image: a}}}}}"),
            ["data[envoy-gateway.yaml].provider.kubernetes.rateLimitDeployment.container.image"],
        ),
        (settings("provider: {kubernetes: {rateLimitDeployment: {container: {image: nobody runs it}}}}"), []),
        ({"kind": "ConfigMap", "data": {"page.yaml": "containers: [{image: a}]"}}, []),
    ],
)
def test_an_image_without_a_digest_is_found(wire: dict[str, Any], fields: list[str]) -> None:
    assert [mistake.field for mistake in by_tag(wire)] == fields


def test_a_stack_that_requires_digests_is_refused_for_every_image_that_has_none(
    tmp_path: Path, pinned_manifest: Path
) -> None:
    config = {"synergychat:requireDigests": True, "synergychat:web": {"image": f"registry.example.com/web@{DIGEST}"}}
    recording = program.run(tmp_path, preview=True, manifest=pinned_manifest, config=config)
    assert recording.resources == {}
    (message,) = recording.log
    assert "registry.example.com/web" not in message
    api = "docker.io/bootdotdev/synergychat-api:latest"
    assert (
        f'Deployment synergychat-api: spec.template.spec.containers[0].image = "{api}": '
        f"must be named by its digest, as requireDigests asks for (write {api}@sha256:DIGEST)"
    ) in message
    assert "gateway.proxy.provider.kubernetes.envoyDeployment.container.image" in message
    assert "envoyGateway.config.provider.kubernetes.shutdownManager.image" in message
    assert "Job eg-gateway-helm-certgen: " in message


def test_another_stack_may_name_images_by_tag(tmp_path: Path, pinned_manifest: Path) -> None:
    assert program.run(tmp_path, preview=True, manifest=pinned_manifest).log == []
