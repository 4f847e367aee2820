"""Sources of a release's manifest: a download, a file or a chart, each verified by its SHA-256 checksum."""

import hashlib
import shutil
import subprocess
import urllib.error
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from config import CertManagerConfig, EnvoyGatewayConfig
from kube.atomic_write import write_whole
from kube.download import TooLargeError, download
from kube.xdg_directories import cache_root, make_private

_STALL_S = 10
_DEADLINE_S = 60
_LARGEST = 64 * 1024 * 1024


class ManifestError(Exception):
    """A manifest that cannot be read or must not be used; the message is for the user."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product whose releases have a manifest."""

    name: str
    key: str
    """Key of the stack's config that has its settings, for messages."""
    url: str
    """URL of a release's own manifest, with `{version}` in it."""
    known: Mapping[str, str]
    """SHA-256 of the release's own manifest, by version."""
    chart_arguments: tuple[str, ...]
    """Arguments for Helm to render a chart: name of the installation, and values."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The manifest of one release of a product."""

    product: Product
    version: str
    namespace: str
    manifest: str | None
    """A URL, a file or the directory of a chart; None for the release's own."""
    sha256: tuple[str, ...]
    """Checksums to accept instead of the release's own."""

    @property
    def location(self) -> str:
        """The URL or path that the bytes come from."""
        return self.manifest or self.product.url.format(version=self.version)

    @property
    def is_download(self) -> bool:
        return self.location.startswith(("https://", "http://"))

    @property
    def known(self) -> str | None:
        """Checksum of the release's own manifest, if this program knows it."""
        return self.product.known.get(self.version)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Checksums to accept: those of the config, else that of the release for a download."""
        own = (self.known,) if self.known and self.is_download else ()
        return self.sha256 or own


@dataclass(frozen=True, kw_only=True)
class Raw:
    """The bytes of a manifest, verified."""

    data: bytes
    sha256: str
    origin: str
    """Place that the bytes came from, for messages."""


def manifest_source(product: Product, settings: EnvoyGatewayConfig | CertManagerConfig) -> Source:
    """The source of the manifest that the settings name."""
    return Source(
        product=product,
        version=settings.version,
        namespace=settings.namespace,
        manifest=settings.manifest,
        sha256=settings.sha256,
    )


def cache_directory() -> Path:
    """Directory of downloads, each named after its checksum."""
    return cache_root() / "manifests"


def read(source: Source, cache: Path) -> Raw:
    """The manifest, verified. A download with an accepted checksum in `cache` is not repeated. Raises ManifestError."""
    location = source.location
    if source.is_download:
        return _cached(source, location, cache) or _downloaded(source, location, cache)
    path = Path(location)
    try:
        if path.is_dir():
            return _chart(path, source)
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(
            f"{location} cannot be read: {error.strerror} (synergychat:{source.product.key}.manifest)"
        ) from error
    return _checked(source, data, location)


def _chart(directory: Path, source: Source) -> Raw:
    """The rendered chart. A private copy is verified and rendered, so that nobody can change it in between."""
    if not (directory / "Chart.yaml").is_file():
        raise ManifestError(
            f"{directory} is not a chart: it has no Chart.yaml (synergychat:{source.product.key}.manifest)"
        )
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / "chart"
        try:
            shutil.copytree(directory, copy, symlinks=True)
        except shutil.Error as error:
            _, _, reason = error.args[0][0]
            raise ManifestError(f"{directory} cannot be used as a chart: {reason}") from error
        checksum = chart_sha256(copy, origin=directory)
        _verify(source, checksum, str(directory))
        return Raw(data=_rendered(copy, directory, source), sha256=checksum, origin=str(directory))


def chart_sha256(directory: Path, origin: Path | None = None) -> str:
    """Checksum of a directory: that of the output of `sha256sum` for all files, sorted by relative path.

    Raises ManifestError for anything that this output does not describe. `origin` is the directory's name in messages.
    """
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ManifestError(f"{origin or directory} cannot be used as a chart: {name} is not a regular file")
        if not name.isprintable() or "\\" in name:
            raise ManifestError(
                f"{origin or directory} cannot be used as a chart: the file name {name!r} has a control character or "
                "a backslash"
            )
    files = sorted((path.relative_to(directory).as_posix(), path) for path in directory.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _cached(source: Source, location: str, cache: Path) -> Raw | None:
    for checksum in source.accepted:
        try:
            data = (cache / f"{checksum}.yaml").read_bytes()
        except OSError:
            continue
        # A file that was changed on disk is downloaded again.
        if hashlib.sha256(data).hexdigest() == checksum:
            return Raw(data=data, sha256=checksum, origin=location)
    return None


def _downloaded(source: Source, location: str, cache: Path) -> Raw:
    data = _fetch(source, location)
    if not source.accepted:
        _refuse_web_page(data, location)
        checksum = hashlib.sha256(data).hexdigest()
        raise ManifestError(
            f"{location} cannot be used without a SHA-256 checksum, and this program does not know that of "
            f"{source.product.name} {source.version}. The download has\n  {checksum}\n"
            "Compare it with one from a source that you trust, then type:\n"
            f"  pulumi config set --path 'synergychat:{source.product.key}.sha256[0]' {checksum}"
        )
    raw = _checked(source, data, location)
    _keep(data, cache / f"{raw.sha256}.yaml")
    return raw


def _keep(data: bytes, path: Path) -> None:
    """Keep a download for later runs. Best effort: if the cache cannot be written, later runs download again."""
    with suppress(OSError):
        make_private(path.parent)
        write_whole(path, data)


def _fetch(source: Source, location: str) -> bytes:
    data = BytesIO()
    try:
        download(location, data, stall_s=_STALL_S, deadline_s=_DEADLINE_S, largest=_LARGEST)
    except TooLargeError as error:
        raise ManifestError(f"{location} is larger than any manifest ({_LARGEST >> 20} MiB)") from error
    except urllib.error.HTTPError as error:
        raise ManifestError(f"{location} answered {error.code} {error.reason}: is the version right?") from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        key = f"synergychat:{source.product.key}"
        name = f"{source.accepted[0]}.yaml" if source.accepted else f"SHA256.yaml, with its checksum in {key}.sha256"
        raise ManifestError(
            f"{location} cannot be downloaded: {reason}\n"
            f"Without access to it, set {key}.manifest to a file or to the directory of the chart, "
            f"or store the manifest in {cache_directory()} as {name} "
            "(`make up` does so for the default release of Envoy Gateway)."
        ) from error
    return data.getvalue()


def _checked(source: Source, data: bytes, location: str) -> Raw:
    _refuse_web_page(data, location)
    checksum = hashlib.sha256(data).hexdigest()
    _verify(source, checksum, location)
    return Raw(data=data, sha256=checksum, origin=location)


def _verify(source: Source, checksum: str, location: str) -> None:
    if not source.accepted or checksum in source.accepted:
        return
    key = f"synergychat:{source.product.key}.sha256"
    found = f"  {checksum}  found{_release_with(checksum, source)}"
    if source.sha256:
        lines = [f"  {accepted}  accepted{_release_with(accepted, source)}" for accepted in source.sha256]
        listed = "\n".join([found, *lines])
        raise ManifestError(
            f"{location} does not match {key}:\n{listed}\n"
            "Either the file was changed, or the checksum belongs to another version. Find out which before you set a "
            "new one."
        )
    raise ManifestError(
        f"{location} is not the manifest of {source.product.name} {source.version}:\n"
        f"{found}\n  {source.known}  the release's\n"
        f"Find out why before you use it. If it is a manifest of your own, set {key} to its checksum."
    )


def _release_with(checksum: str, source: Source) -> str:
    """The release whose own manifest has a checksum, as the end of a line."""
    version = next((version for version, known in source.product.known.items() if known == checksum), None)
    return f", {source.product.name} {version}" if version else ""


def other_than_released(source: Source) -> str | None:
    """A warning about checksums that take another manifest for the release's own.

    Only where the release's URL is the source: with `manifest`, another file is what the user asked for.
    """
    if source.manifest or not source.sha256 or source.known is None or source.known in source.sha256:
        return None
    key = f"synergychat:{source.product.key}.sha256"
    return (
        f"{key} does not have the checksum of {source.product.name} {source.version}, {source.known}: another manifest "
        f"is used. If it is not one of your own, remove {key}, which this release does not need"
    )


def _refuse_web_page(data: bytes, location: str) -> None:
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise ManifestError(f"{location} is a web page, not a manifest: does a proxy or a login page answer?")


def _rendered(chart: Path, origin: Path, source: Source) -> bytes:
    """Render a chart. `origin` is its name in messages."""
    helm = shutil.which("helm")
    if helm is None:
        raise ManifestError(f"{origin} is a chart, but there is no `helm` on the PATH to render it")
    name, *arguments = source.product.chart_arguments
    command = [helm, "template", name, str(chart), "--namespace", source.namespace, "--include-crds", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_DEADLINE_S)
    except subprocess.TimeoutExpired as error:
        raise ManifestError(f"{origin} cannot be rendered: helm was not done after {_DEADLINE_S} s") from error
    if done.returncode != 0:
        raise ManifestError(f"{origin} cannot be rendered: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
