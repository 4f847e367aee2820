"""Manifests rendered from a Helm chart in a product's Go module, cached under their pinned SHA-256."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kube.atomic_write import write_whole
from local.errors import UserError
from local.paths import cache_root
from local.toolchain.gobuild import Go
from local.toolchain.pins import KUBERNETES
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure
from local.toolchain.store import sha256_file


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart at `path` in a module that a Go group pins. `arguments` are Helm's, with the release name first.

    The file `template` is written to `filled` with `values` replaced, as the product does before it packs the chart.
    """

    title: str
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
    kept = place(checksum)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, manifest, mode=0o644)
    return kept


def rendered(chart: Chart, checksum: str, progress: Progress) -> bytes:
    """Render the manifest. UserError if Helm fails, or if the result does not match the checksum."""
    helm = ensure(["helm"], progress).program("helm")
    with progress.step(f"render {chart.title}'s manifest"), tempfile.TemporaryDirectory() as scratch:
        module = Go(cache_root() / "go", cache_root() / "logs").module_directory(chart.group, chart.module)
        copy = Path(scratch) / "chart"
        shutil.copytree(module / chart.path, copy, copy_function=shutil.copyfile)
        text = (copy / chart.template).read_text()
        for placeholder, value in chart.values.items():
            text = text.replace(placeholder, value)
        (copy / chart.filled).write_text(text)
        name, *arguments = chart.arguments
        command = [helm, "template", name, copy, "--include-crds", "--kube-version", KUBERNETES, *arguments]
        done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise UserError(f"Helm could not render the chart of {chart.title}:\n{done.stderr.decode(errors='replace')}")
    actual = hashlib.sha256(done.stdout).hexdigest()
    if actual != checksum:
        raise UserError(
            f"The manifest rendered from {chart.title}'s chart has SHA-256 {actual}, but {checksum} is pinned.",
            "Set the checksum in local/toolchain/pins.py that belongs to the pinned version.",
        )
    return done.stdout
