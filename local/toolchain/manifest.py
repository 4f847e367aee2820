"""Envoy Gateway's install manifest: the release's, or rendered from the chart in its own Go module.

The release renders the same chart with the same values: https://gateway.envoyproxy.io/docs/install/install-yaml/
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.errors import UserError
from local.files import write_whole
from local.paths import cache_root
from local.toolchain import releases
from local.toolchain.gobuild import Go
from local.toolchain.pins import ENVOY_GATEWAY, MANIFEST_SHA256, Release
from local.toolchain.progress import Progress
from local.toolchain.reach import hosts_of, reachable
from local.toolchain.setup import ensure
from local.toolchain.store import sha256_file

_RELEASE = Release(
    url=f"https://github.com/envoyproxy/gateway/releases/download/v{ENVOY_GATEWAY}/install.yaml", sha256=MANIFEST_SHA256
)
_MODULE = "github.com/envoyproxy/gateway"
_VALUES = {
    "${GatewayImage}": f"docker.io/envoyproxy/gateway:v{ENVOY_GATEWAY}",
    "${GatewayImagePullPolicy}": "IfNotPresent",
}


def tools_for_manifest() -> tuple[str, ...]:
    """What `ensure_manifest` will need, to be had together with other tools."""
    return () if _is_kept() or _is_released() else ("helm",)


def ensure_manifest(progress: Progress) -> Path:
    """The manifest, kept under its SHA-256 where the program looks for it. UserError when rendering gives another."""
    kept = _place()
    if not _is_kept():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, _fetched(progress) or _rendered(progress), mode=0o644)
    return kept


def _fetched(progress: Progress) -> bytes | None:
    """The release's, None where it cannot be had: its host sends on to others, which may not answer."""
    if not _is_released():
        return None
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with progress.step(f"fetch Envoy Gateway {ENVOY_GATEWAY}'s manifest"):
                releases.fetch(_RELEASE, Path(scratch))
        except UserError:
            return None
        return (Path(scratch) / "install.yaml").read_bytes()


def _rendered(progress: Progress) -> bytes:
    helm = ensure(["helm"], progress).program("helm")
    with progress.step(f"render Envoy Gateway {ENVOY_GATEWAY}'s manifest"), tempfile.TemporaryDirectory() as scratch:
        module = Go(cache_root() / "go", cache_root() / "logs").module_directory("cluster", _MODULE)
        chart = Path(scratch) / "gateway-helm"
        shutil.copytree(module / "charts" / "gateway-helm", chart, copy_function=shutil.copyfile)
        values = (chart / "values.tmpl.yaml").read_text()
        for placeholder, value in _VALUES.items():
            values = values.replace(placeholder, value)
        (chart / "values.yaml").write_text(values)
        command = [helm, "template", "eg", chart, "--namespace", "envoy-gateway-system", "--include-crds"]
        done = subprocess.run([*command, "--set", "createNamespace=true"], capture_output=True, check=False)
    if done.returncode != 0:
        raise UserError(f"helm could not render Envoy Gateway's chart:\n{done.stderr.decode(errors='replace')}")
    actual = hashlib.sha256(done.stdout).hexdigest()
    if actual != MANIFEST_SHA256:
        raise UserError(
            f"Envoy Gateway's chart rendered to a manifest with SHA-256 {actual}; the pin says {MANIFEST_SHA256}.",
            "The pins do not belong together: see local/toolchain/pins.py.",
        )
    return done.stdout


def _is_released() -> bool:
    hosts = hosts_of([_RELEASE.url])
    return hosts <= reachable(hosts)


def _place() -> Path:
    return cache_root() / "manifests" / f"{MANIFEST_SHA256}.yaml"


def _is_kept() -> bool:
    return _place().exists() and sha256_file(_place()) == MANIFEST_SHA256
