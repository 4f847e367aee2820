"""cert-manager's manifest: the release's `cert-manager.yaml`, or the same bytes from the chart in its Go module.

For tests only. The release makes the file in `make/manifests.mk`, with Helm 4.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from local.toolchain import charts, manifests
from local.toolchain.gobuild import Go
from local.toolchain.pins import CERT_MANAGER, CERT_MANAGER_MANIFEST_SHA256, Release
from local.toolchain.progress import Progress

_TITLE = f"cert-manager {CERT_MANAGER}"
_GROUP, _MODULE = "cert-manager", "github.com/cert-manager/cert-manager"
_PATH = "deploy/charts/cert-manager"
_LICENSE_YEAR = "2022"


def _chart(*arguments: str) -> charts.Chart:
    return charts.Chart(
        group=_GROUP,
        module=_MODULE,
        path=_PATH,
        template="Chart.yaml",
        filled="Chart.yaml",
        values={"v0.0.0": f"v{CERT_MANAGER}"},
        arguments=(
            "cert-manager",
            "--kube-version=1.29.0",
            "--api-versions=",
            "--namespace=cert-manager",
            "--set=creator=static,startupapicheck.enabled=false",
            *arguments,
        ),
    )


def as_published(with_crds: str, without_crds: str, module: Path) -> str:
    """The file of the release, from what Helm 3 renders of the chart in `module` with its CRDs and without them."""
    header = (module / "hack" / "boilerplate-yaml.txt").read_text().replace("YEAR", _LICENSE_YEAR)
    namespace = (module / "deploy" / "manifests" / "namespace.yaml").read_text()
    crds = [document for document in _documents(with_crds) if _kind(document) == "CustomResourceDefinition"]
    others = "---\n".join(_with_last_lines(_documents(without_crds), module / _PATH))
    return header + "\n---\n".join([namespace, "---\n".join(f"{crd.strip()}\n" for crd in crds), others])


def _with_last_lines(documents: list[str], chart: Path) -> Iterator[str]:
    """The documents as Helm 4 prints them: it keeps the newline at the end of a template, which Helm 3 removes.

    Helm sorts the documents of all templates by kind, so a template's last one is the last of that kind.
    """
    last: dict[Path, int] = {}
    for index, document in enumerate(documents):
        template = _template(document, chart)
        if _kind(document) == _kind(template.read_text().rpartition("\n---\n")[2]):
            last[template] = index
    ends = {index for template, index in last.items() if template.read_text().endswith("\n")}
    for index, document in enumerate(documents):
        yield f"{document}\n" if index in ends and document is not documents[-1] else document


def _documents(text: str) -> list[str]:
    return [document for document in re.split(r"^---\n", text, flags=re.MULTILINE) if document]


def _kind(text: str) -> str:
    found = re.search(r"^kind: (\w+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _template(document: str, chart: Path) -> Path:
    """The file that a document comes from: `# Source: CHART/PATH` is its first line."""
    return chart / document.partition("\n")[0].partition("/")[2]


def _rendered(progress: Progress) -> bytes:
    both = charts.rendered(_TITLE, [_chart("--set=crds.enabled=true"), _chart()], progress)
    with_crds, without_crds = (text.decode() for text in both)
    return as_published(with_crds, without_crds, Go().module_directory(_GROUP, _MODULE)).encode()


_MANIFEST = manifests.Manifest(
    title=_TITLE,
    release=Release(
        url=f"https://github.com/cert-manager/cert-manager/releases/download/v{CERT_MANAGER}/cert-manager.yaml",
        sha256=CERT_MANAGER_MANIFEST_SHA256,
    ),
    rendered=_rendered,
)


def ensure_manifest(progress: Progress) -> Path:
    """Ensure the manifest in the cache, under its SHA-256, and return its path."""
    return manifests.ensure(_MANIFEST, progress)
