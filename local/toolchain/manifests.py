"""Manifests of releases, cached under their pinned SHA-256: downloaded, or rendered from the charts as they were.

A product renders its charts when it releases, so both are the same bytes.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kube.atomic_write import write_whole
from local.errors import UserError
from local.paths import cache_root, private_cache
from local.toolchain import release_download
from local.toolchain.pins import Release
from local.toolchain.progress import Progress
from local.toolchain.reach import hosts_of, reachable
from local.toolchain.store import sha256_file


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest of a release. `title` names it in messages; `rendered` makes it from the charts, with Helm."""

    title: str
    release: Release
    rendered: Callable[[Progress], bytes]


def tools_for(manifest: Manifest) -> tuple[str, ...]:
    """List the tools that `ensure` will need, so that they can be set up with others."""
    return () if _is_kept(manifest) or _is_released(manifest) else ("helm",)


def ensure(manifest: Manifest, progress: Progress) -> Path:
    """Ensure the manifest in the cache. UserError if what is downloaded or rendered does not match its SHA-256."""
    if not _is_kept(manifest):
        keep(_fetched(manifest, progress) or _rendered(manifest, progress), manifest.release.sha256)
    return place(manifest.release.sha256)


def place(sha256: str) -> Path:
    """Return the path in the cache, where the Pulumi program looks for a manifest first."""
    return cache_root() / "manifests" / f"{sha256}.yaml"


def keep(data: bytes, sha256: str) -> None:
    """Put a manifest into the cache."""
    private_cache("manifests")
    write_whole(place(sha256), data)


def _is_kept(manifest: Manifest) -> bool:
    """Report whether the cache has the manifest, undamaged."""
    kept = place(manifest.release.sha256)
    return kept.exists() and sha256_file(kept) == manifest.release.sha256


def _is_released(manifest: Manifest) -> bool:
    hosts = hosts_of([manifest.release.url])
    return hosts <= reachable(hosts)


def _fetched(manifest: Manifest, progress: Progress) -> bytes | None:
    """Download the manifest. None if that fails: its host redirects to others, which may not answer.

    UserError for another file than the pinned one: the same bytes can be rendered, but somebody has to know.
    """
    if not _is_released(manifest):
        return None
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "manifest"
        directory.mkdir()
        try:
            with progress.step(f"fetch {manifest.title}'s manifest"):
                release_download.fetch(manifest.release, directory)
        except release_download.UnavailableError:
            return None
        (file,) = directory.iterdir()
        return file.read_bytes()


def _rendered(manifest: Manifest, progress: Progress) -> bytes:
    data = manifest.rendered(progress)
    actual = hashlib.sha256(data).hexdigest()
    if actual != manifest.release.sha256:
        raise UserError(
            f"The manifest rendered from {manifest.title}'s charts has SHA-256 {actual}, "
            f"but {manifest.release.sha256} is pinned.",
            "Set the checksum in local/toolchain/pins.py that belongs to the pinned version.",
        )
    return data
