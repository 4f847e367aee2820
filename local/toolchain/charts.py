"""Helm charts in a product's Go module, rendered."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import UserError
from local.toolchain.gobuild import Go
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure


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


def rendered(title: str, charts: Sequence[Chart], progress: Progress) -> list[bytes]:
    """Render each chart. UserError if Helm fails."""
    helm = ensure(["helm"], progress).program("helm")
    with progress.step(f"render {title}'s manifest"):
        return [_render(helm, title, chart) for chart in charts]


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
