"""Manifests rendered from the Helm chart in a product's own Go module, each kept under its pinned SHA-256."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import UserError
from local.files import write_whole
from local.paths import cache_root
from local.toolchain.gobuild import Go
from local.toolchain.pins import KUBERNETES
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure
from local.toolchain.store import sha256_file


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart at `path` in a module that a Go group pins. `arguments` are Helm's, the installation's name first.

    What a release fills in before it packs the chart: `template` becomes `filled`, with `values` in it.
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
    """Where the Pulumi program looks for a manifest first."""
    return cache_root() / "manifests" / f"{checksum}.yaml"


def is_kept(checksum: str) -> bool:
    return place(checksum).exists() and sha256_file(place(checksum)) == checksum


def keep(manifest: bytes, checksum: str) -> Path:
    kept = place(checksum)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, manifest, mode=0o644)
    return kept


def rendered(chart: Chart, checksum: str, progress: Progress) -> bytes:
    """The manifest. UserError when Helm cannot render it, or to another one than the pinned."""
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
        raise UserError(f"helm could not render {chart.title}'s chart:\n{done.stderr.decode(errors='replace')}")
    actual = hashlib.sha256(done.stdout).hexdigest()
    if actual != checksum:
        raise UserError(
            f"{chart.title}'s chart rendered to a manifest with SHA-256 {actual}; the pin says {checksum}.",
            "The pins do not belong together: see local/toolchain/pins.py.",
        )
    return done.stdout
