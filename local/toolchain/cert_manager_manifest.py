"""cert-manager's manifest, rendered from the chart in cert-manager's Go module. For tests only."""

from pathlib import Path

from local.toolchain import charts
from local.toolchain.pins import CERT_MANAGER, CERT_MANAGER_MANIFEST_SHA256, KUBERNETES
from local.toolchain.progress import Progress

_TITLE = f"cert-manager {CERT_MANAGER}"
_CHART = charts.Chart(
    group="cert-manager",
    module="github.com/cert-manager/cert-manager",
    path="deploy/charts/cert-manager",
    template="Chart.yaml",
    filled="Chart.yaml",
    values={"v0.0.0": f"v{CERT_MANAGER}"},
    # The arguments that render the cert-manager.yaml of the release.
    arguments=(
        "cert-manager",
        "--include-crds",
        f"--kube-version={KUBERNETES}",
        "--namespace=cert-manager",
        "--set=creator=static,crds.enabled=true,startupapicheck.enabled=false",
    ),
)


def ensure_manifest(progress: Progress) -> Path:
    """Ensure the manifest in the cache, under its SHA-256, and return its path."""
    if charts.is_kept(CERT_MANAGER_MANIFEST_SHA256):
        return charts.place(CERT_MANAGER_MANIFEST_SHA256)
    rendered = charts.rendered(_TITLE, [_CHART], CERT_MANAGER_MANIFEST_SHA256, progress)
    return charts.keep(rendered, CERT_MANAGER_MANIFEST_SHA256)
