"""Customize a release: number, size, configuration and images of its controller."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from components.platform.release import Release, controller_config, with_config
from config import EnvoyGatewayConfig
from kube.manifest import Manifest
from kube.merge import merge
from kube.scheduling import disruption_budget, spread
from releases import mirrored


def customize(release: Release, settings: EnvoyGatewayConfig) -> Release:
    """The release with `settings` applied. Raises ManifestError when it has no place for them."""
    release = _scaled(release, settings.replicas)
    controller = _with_images(release.controller, settings)
    if settings.resources:
        controller = _with_containers(controller, {"resources": settings.resources})
    jobs = tuple(_with_images(job, settings) for job in release.jobs)
    changed = replace(release, controller=controller, jobs=jobs)
    return with_config(changed, merge(_images(release, settings), settings.config))


def _scaled(release: Release, replicas: int) -> Release:
    """The release with this number of controllers, spread over nodes, of which a drain evicts one at a time.

    All of them configure the Envoys; the leader writes statuses and creates Envoys.
    """
    if replicas == 1:
        return release
    pods = release.controller["spec"]["selector"]["matchLabels"]
    budget: Manifest = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {key: release.controller["metadata"][key] for key in ("name", "namespace")},
        "spec": disruption_budget(pods),
    }
    template = {"spec": {"topologySpreadConstraints": spread(pods)}}
    return replace(
        release,
        settings=(*release.settings, budget),
        controller=merge(release.controller, {"spec": {"replicas": replicas, "template": template}}),
    )


def _images(release: Release, settings: EnvoyGatewayConfig) -> dict[str, Any]:
    """Fields of the controller's configuration that name the images of the pods that it starts."""
    if not (settings.registry or settings.image or settings.rate_limit_image):
        return {}
    kubernetes = controller_config(release)["provider"]["kubernetes"]
    manager = _image(kubernetes["shutdownManager"]["image"], settings.image, settings)
    limiter = _image(kubernetes["rateLimitDeployment"]["container"]["image"], settings.rate_limit_image, settings)
    images = {"shutdownManager": {"image": manager}, "rateLimitDeployment": {"container": {"image": limiter}}}
    return {"provider": {"kubernetes": images}}


def _image(released: str, chosen: str | None, settings: EnvoyGatewayConfig) -> str:
    return chosen or mirrored(released, settings.registry)


def _with_images(manifest: Manifest, settings: EnvoyGatewayConfig) -> Manifest:
    if not (settings.registry or settings.image):
        return manifest
    containers = manifest["spec"]["template"]["spec"]["containers"]
    images = [{"image": _image(container["image"], settings.image, settings)} for container in containers]
    return _with_containers(manifest, *images)


def _with_containers(manifest: Manifest, *fields: Mapping[str, Any]) -> Manifest:
    """The object with `fields` merged over its containers, one after the other; further containers stay."""
    containers = list(manifest["spec"]["template"]["spec"]["containers"])
    containers[: len(fields)] = [merge(below, above) for below, above in zip(containers, fields, strict=False)]
    return merge(manifest, {"spec": {"template": {"spec": {"containers": containers}}}})
