"""Envoy Gateway's install manifest: the release's `install.yaml`, or the same bytes from the charts in its Go module.

https://gateway.envoyproxy.io/docs/install/install-yaml/
"""

from pathlib import Path

from local.toolchain import charts, manifests
from local.toolchain.pins import ENVOY_GATEWAY, MANIFEST_SHA256, Release
from local.toolchain.progress import Progress

_TITLE = f"Envoy Gateway {ENVOY_GATEWAY}"
_MODULE = "github.com/envoyproxy/gateway"
# The target `generate-manifests` in tools/make/kube.mk of the release.
_CHARTS = (
    charts.Chart(
        group="cluster",
        module=_MODULE,
        path="charts/gateway-crds-helm",
        template="values.yaml",
        filled="values.yaml",
        values={},
        arguments=("eg-crds", "--set=crds.gatewayAPI.enabled=true", "--set=crds.envoyGateway.enabled=true"),
    ),
    charts.Chart(
        group="cluster",
        module=_MODULE,
        path="charts/gateway-helm",
        template="values.tmpl.yaml",
        filled="values.yaml",
        values={
            "${GatewayImage}": f"envoyproxy/gateway:v{ENVOY_GATEWAY}",
            "${GatewayImagePullPolicy}": "IfNotPresent",
        },
        arguments=(
            "eg",
            "--namespace=envoy-gateway-system",
            "--set=createNamespace=true",
            "--set=crds.gatewayAPI.safeUpgradePolicy.enabled=false",
        ),
    ),
)


def _rendered(progress: Progress) -> bytes:
    return b"".join(charts.rendered(_TITLE, _CHARTS, progress))


_MANIFEST = manifests.Manifest(
    title=_TITLE,
    release=Release(
        url=f"https://github.com/envoyproxy/gateway/releases/download/v{ENVOY_GATEWAY}/install.yaml",
        sha256=MANIFEST_SHA256,
    ),
    rendered=_rendered,
)


def tools_for_manifest() -> tuple[str, ...]:
    """List the tools that `ensure_manifest` will need, so that they can be set up with others."""
    return manifests.tools_for(_MANIFEST)


def ensure_manifest(progress: Progress) -> Path:
    """Ensure the manifest in the cache, under its SHA-256, and return its path."""
    return manifests.ensure(_MANIFEST, progress)
