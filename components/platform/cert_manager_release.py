"""cert-manager's manifest: its objects in the order in which they have to be there. Knows nothing of Pulumi."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.platform import release, sources
from components.platform.release import Object
from components.platform.sources import ManifestError, Source
from kube import readiness
from kube.merge import overlaid

_CONTROLLER = "cert-manager"
_CRD = "certificates.cert-manager.io"
# https://cert-manager.io/docs/usage/gateway/
_GATEWAY_API = "--enable-gateway-api"
# What the API server trusts cert-manager's webhook by.
_FILLED = "jsonpath={.webhooks[0].clientConfig.caBundle}"


@dataclass(frozen=True, kw_only=True)
class CertManagerRelease:
    namespace: Object
    crds: tuple[Object, ...]
    settings: tuple[Object, ...]
    """RBAC, configuration, Services: all that the pods find when they start."""
    deployments: tuple[Object, ...]
    webhooks: tuple[Object, ...]
    """What has the API server ask cert-manager. They work when the running cainjector has written into them."""


def load(source: Source, cache: Path) -> CertManagerRelease:
    """Get, verify and split the manifest of `source`. Raises ManifestError."""
    raw = sources.read(source, cache)
    return split(raw.data, source, raw.origin)


def split(data: bytes, source: Source, origin: str) -> CertManagerRelease:
    """The objects of a manifest, with the Gateway API enabled. ManifestError when it is no cert-manager release."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": source.namespace}}
    objects = [wire for wire in release.objects(data, origin) if wire["kind"] != "Namespace"]
    stages: Mapping[str, list[Object]] = {"crds": [], "settings": [], "deployments": [], "webhooks": []}
    for wire in objects:
        stages[_stage(wire["kind"])].append(wire)
    if not any(crd["metadata"]["name"] == _CRD for crd in stages["crds"]):
        raise ManifestError(
            f"{origin} is no cert-manager release: it has no CustomResourceDefinition {_CRD}. "
            "A chart renders it with crds.enabled=true"
        )
    controllers = [each for each in stages["deployments"] if each["metadata"]["name"] == _CONTROLLER]
    if len(controllers) != 1:
        raise ManifestError(f"{origin} is no cert-manager release: it has no Deployment {_CONTROLLER}")
    release.refuse_other_version(controllers[0], source, origin)
    release.refuse_other_namespace(controllers[0], source, origin)
    return CertManagerRelease(
        namespace=namespace,
        crds=tuple(stages["crds"]),
        settings=tuple(stages["settings"]),
        deployments=tuple(map(_with_gateway_api, stages["deployments"])),
        webhooks=tuple(map(_ready_when_filled, stages["webhooks"])),
    )


def _stage(kind: str) -> str:
    if kind == "CustomResourceDefinition":
        return "crds"
    if kind.endswith("WebhookConfiguration"):
        return "webhooks"
    return "deployments" if kind == "Deployment" else "settings"


def _ready_when_filled(webhook: Object) -> Object:
    return overlaid(webhook, {"metadata": {"annotations": readiness.until(_FILLED)}})


def _with_gateway_api(deployment: Object) -> Object:
    if deployment["metadata"]["name"] != _CONTROLLER:
        return deployment
    first, *others = deployment["spec"]["template"]["spec"]["containers"]
    arguments: list[str] = [each for each in first.get("args", []) if each.partition("=")[0] != _GATEWAY_API]
    containers: list[Any] = [{**first, "args": [*arguments, _GATEWAY_API]}, *others]
    return overlaid(deployment, {"spec": {"template": {"spec": {"containers": containers}}}})
