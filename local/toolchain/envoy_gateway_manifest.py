"""Envoy Gateway's install manifest, downloaded from the release or rendered from the chart in its Go module.

The release renders the same charts with the same values, so both are the same bytes.
https://gateway.envoyproxy.io/docs/install/install-yaml/
"""

import tempfile
from pathlib import Path

from local.toolchain import charts, release_download
from local.toolchain.pins import ENVOY_GATEWAY, MANIFEST_SHA256, Release
from local.toolchain.progress import Progress
from local.toolchain.reach import hosts_of, reachable

_RELEASE = Release(
    url=f"https://github.com/envoyproxy/gateway/releases/download/v{ENVOY_GATEWAY}/install.yaml", sha256=MANIFEST_SHA256
)
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


def tools_for_manifest() -> tuple[str, ...]:
    """List the tools that `ensure_manifest` will need, so that they can be set up with others."""
    return () if charts.is_kept(MANIFEST_SHA256) or _is_released() else ("helm",)


def ensure_manifest(progress: Progress) -> Path:
    """Ensure the manifest in the cache, under its SHA-256. UserError if the rendered one does not match it."""
    if charts.is_kept(MANIFEST_SHA256):
        return charts.place(MANIFEST_SHA256)
    return charts.keep(_fetched(progress) or _rendered(progress), MANIFEST_SHA256)


def _fetched(progress: Progress) -> bytes | None:
    """Download the release's manifest. None if that fails: its host redirects to others, which may not answer.

    UserError for another file than the pinned one: the same bytes can be rendered, but somebody has to know.
    """
    if not _is_released():
        return None
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with progress.step(f"fetch Envoy Gateway {ENVOY_GATEWAY}'s manifest"):
                release_download.fetch(_RELEASE, Path(scratch))
        except release_download.UnavailableError:
            return None
        return (Path(scratch) / "install.yaml").read_bytes()


def _rendered(progress: Progress) -> bytes:
    return charts.rendered(_TITLE, _CHARTS, MANIFEST_SHA256, progress)


def _is_released() -> bool:
    hosts = hosts_of([_RELEASE.url])
    return hosts <= reachable(hosts)
