"""Manifests rendered from a Helm chart in a product's Go module, cached under their pinned SHA-256."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kube.atomic_write import write_whole
from local.errors import UserError
from local.paths import cache_root, private_cache
from local.toolchain.gobuild import Go
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure
from local.toolchain.store import sha256_file


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart at `path` in a module that a Go group pins. `arguments` are Helm's, with the release name first.

    The file `template` is written to `filled` with `values` replaced, as the product does before it packs the chart.
    """

    group: str
    module: str
    path: str
    template: str
    filled: str
    values: Mapping[str, str]
    arguments: tuple[str, ...]


def place(checksum: str) -> Path:
    """Return the path in the cache, where the Pulumi program looks for a manifest first."""
    return cache_root() / "manifests" / f"{checksum}.yaml"


def is_kept(checksum: str) -> bool:
    """Report whether the cache has the manifest, undamaged."""
    return place(checksum).exists() and sha256_file(place(checksum)) == checksum


def keep(manifest: bytes, checksum: str) -> Path:
    """Write the manifest to the cache."""
    kept = private_cache("manifests") / place(checksum).name
    write_whole(kept, manifest)
    return kept


def rendered(title: str, charts: Sequence[Chart], checksum: str, progress: Progress) -> bytes:
    """Render the manifest: the charts one after the other.

    UserError if Helm fails, or if the result does not match the checksum.
    """
    helm = ensure(["helm"], progress).program("helm")
    with progress.step(f"render {title}'s manifest"):
        manifest = b"".join(_render(helm, title, chart) for chart in charts)
    actual = hashlib.sha256(manifest).hexdigest()
    if actual != checksum:
        raise UserError(
            f"The manifest rendered from {title}'s charts has SHA-256 {actual}, but {checksum} is pinned.",
            "Set the checksum in local/toolchain/pins.py that belongs to the pinned version.",
        )
    return manifest


def _render(helm: Path, title: str, chart: Chart) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "chart"
        module = Go().module_directory(chart.group, chart.module)
        shutil.copytree(module / chart.path, copy, copy_function=shutil.copyfile)
        text = (copy / chart.template).read_text()
        for placeholder, value in chart.values.items():
            text = text.replace(placeholder, value)
        (copy / chart.filled).write_text(text)
        name, *arguments = chart.arguments
        done = subprocess.run([helm, "template", name, copy, *arguments], capture_output=True, check=False)
    if done.returncode != 0:
        raise UserError(f"Helm could not render the chart of {title}:\n{done.stderr.decode(errors='replace')}")
    return done.stdout
