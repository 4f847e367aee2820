"""cert-manager's manifest, split into objects in the order in which they have to exist."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.platform import release, sources
from components.platform.sources import ManifestError, Product, Source
from kube.manifest import Manifest
from kube.merge import merge
from kube.readiness import wait_for
from releases import CERT_MANAGER_MANIFEST, CERT_MANAGER_SHA256

CERT_MANAGER = Product(
    name="cert-manager",
    key="certManager",
    url=CERT_MANAGER_MANIFEST,
    known=CERT_MANAGER_SHA256,
    chart_arguments=("cert-manager", "--set=crds.enabled=true,startupapicheck.enabled=false"),
)
_CONTROLLER = "cert-manager"
_CRD = "certificates.cert-manager.io"
# https://cert-manager.io/docs/usage/gateway/
_GATEWAY_API = "--enable-gateway-api"
# The authority by which the API server trusts cert-manager's webhook.
_CA_BUNDLE = "jsonpath={.webhooks[0].clientConfig.caBundle}"


@dataclass(frozen=True, kw_only=True)
class CertManagerRelease:
    namespace: Manifest
    crds: tuple[Manifest, ...]
    settings: tuple[Manifest, ...]
    """RBAC, configuration and Services: everything that the pods need when they start."""
    deployments: tuple[Manifest, ...]
    webhooks: tuple[Manifest, ...]
    """Webhook configurations. They work once the running cainjector has written its CA bundle into them."""


def load(source: Source, cache: Path) -> CertManagerRelease:
    """Read, verify and split the manifest of `source`. Raises ManifestError."""
    raw = sources.read(source, cache)
    return split(raw.data, source, raw.origin)


def split(data: bytes, source: Source, origin: str) -> CertManagerRelease:
    """The objects of a manifest, with Gateway API enabled. Raises ManifestError for anything but cert-manager."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": source.namespace}}
    objects = [manifest for manifest in release.objects(data, origin) if manifest["kind"] != "Namespace"]
    stages: Mapping[str, list[Manifest]] = {"crds": [], "settings": [], "deployments": [], "webhooks": []}
    for manifest in objects:
        stages[_stage(manifest["kind"])].append(manifest)
    if not any(crd["metadata"]["name"] == _CRD for crd in stages["crds"]):
        raise ManifestError(
            f"{origin} is not a release of cert-manager: it has no CustomResourceDefinition {_CRD}. "
            "Render a chart with crds.enabled=true"
        )
    controllers = [deployment for deployment in stages["deployments"] if deployment["metadata"]["name"] == _CONTROLLER]
    if len(controllers) != 1:
        raise ManifestError(f"{origin} is not a release of cert-manager: it has no Deployment {_CONTROLLER}")
    release.refuse_other_version(controllers[0], source, origin)
    release.refuse_other_namespace(controllers[0], source, origin)
    return CertManagerRelease(
        namespace=namespace,
        crds=tuple(stages["crds"]),
        settings=tuple(stages["settings"]),
        deployments=tuple(map(_with_gateway_api, stages["deployments"])),
        webhooks=tuple(map(_waiting_for_ca_bundle, stages["webhooks"])),
    )


def _stage(kind: str) -> str:
    if kind == "CustomResourceDefinition":
        return "crds"
    if kind.endswith("WebhookConfiguration"):
        return "webhooks"
    return "deployments" if kind == "Deployment" else "settings"


def _waiting_for_ca_bundle(webhook: Manifest) -> Manifest:
    return merge(webhook, {"metadata": {"annotations": wait_for(_CA_BUNDLE)}})


def _with_gateway_api(deployment: Manifest) -> Manifest:
    if deployment["metadata"]["name"] != _CONTROLLER:
        return deployment
    first, *others = deployment["spec"]["template"]["spec"]["containers"]
    arguments: list[str] = [
        argument for argument in first.get("args", []) if argument.partition("=")[0] != _GATEWAY_API
    ]
    containers: list[Any] = [{**first, "args": [*arguments, _GATEWAY_API]}, *others]
    return merge(deployment, {"spec": {"template": {"spec": {"containers": containers}}}})
