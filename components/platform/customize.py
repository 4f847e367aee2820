"""A release as a stack wants it: its controller's number, size, configuration and images. Knows nothing of Pulumi."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from components.apps.workload.scaling import disruption_budget, spread
from components.platform.release import Manifest, Object, configured, controller_config
from config import EnvoyGatewayConfig
from kube.merge import overlaid
from releases import mirrored


def tailored(manifest: Manifest, settings: EnvoyGatewayConfig) -> Manifest:
    """The release with what `settings` say laid over it. Raises ManifestError when it has no place for that."""
    manifest = _scaled(manifest, settings.replicas)
    controller = _with_images(manifest.controller, settings)
    if settings.resources:
        controller = _with_containers(controller, {"resources": settings.resources})
    jobs = tuple(_with_images(job, settings) for job in manifest.jobs)
    changed = replace(manifest, controller=controller, jobs=jobs)
    return configured(changed, overlaid(_images(manifest, settings), settings.config))


def _scaled(manifest: Manifest, replicas: int) -> Manifest:
    """The release with this number of controllers, on nodes of their own, of which one at a time is drained.

    All of them tell the Envoys what to do; one of them writes statuses and makes Envoys.
    """
    if replicas == 1:
        return manifest
    pods = manifest.controller["spec"]["selector"]["matchLabels"]
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {key: manifest.controller["metadata"][key] for key in ("name", "namespace")},
        "spec": disruption_budget(pods),
    }
    template = {"spec": {"topologySpreadConstraints": spread(pods)}}
    return replace(
        manifest,
        settings=(*manifest.settings, budget),
        controller=overlaid(manifest.controller, {"spec": {"replicas": replicas, "template": template}}),
    )


def _images(manifest: Manifest, settings: EnvoyGatewayConfig) -> dict[str, Any]:
    """The fields of the controller's configuration that name images of what it starts."""
    if not (settings.registry or settings.image or settings.rate_limit_image):
        return {}
    kubernetes = controller_config(manifest)["provider"]["kubernetes"]
    manager = _image(kubernetes["shutdownManager"]["image"], settings.image, settings)
    limiter = _image(kubernetes["rateLimitDeployment"]["container"]["image"], settings.rate_limit_image, settings)
    named = {"shutdownManager": {"image": manager}, "rateLimitDeployment": {"container": {"image": limiter}}}
    return {"provider": {"kubernetes": named}}


def _image(released: str, chosen: str | None, settings: EnvoyGatewayConfig) -> str:
    return chosen or mirrored(released, settings.registry)


def _with_images(wire: Object, settings: EnvoyGatewayConfig) -> Object:
    if not (settings.registry or settings.image):
        return wire
    containers = wire["spec"]["template"]["spec"]["containers"]
    images = [{"image": _image(each["image"], settings.image, settings)} for each in containers]
    return _with_containers(wire, *images)


def _with_containers(wire: Object, *fields: Mapping[str, Any]) -> Object:
    """With the fields of each container laid over it; of what it has more of, as it is."""
    containers = list(wire["spec"]["template"]["spec"]["containers"])
    containers[: len(fields)] = [overlaid(below, above) for below, above in zip(containers, fields, strict=False)]
    return overlaid(wire, {"spec": {"template": {"spec": {"containers": containers}}}})
