"""Where a release's manifest comes from: a download, a file or a chart, each checked against its SHA-256."""

import hashlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from kube.files import write_whole
from kube.paths import cache_root

_STALL_S = 10
_DEADLINE_S = 60
_LARGEST = 64 * 1024 * 1024


class ManifestError(Exception):
    """A manifest that cannot be had or must not be used; the message is for the user."""


class Source(Protocol):
    """Which manifest of which product is wanted; a stack's `envoyGateway` and `certManager` config are such."""

    @property
    def product(self) -> str: ...

    @property
    def key(self) -> str:
        """Of the stack's config, for messages."""
        ...

    @property
    def version(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    @property
    def release(self) -> str:
        """The URL of the release's own manifest."""
        ...

    @property
    def manifest(self) -> str | None:
        """A URL, a file or a chart's directory; None: the release's own."""

    @property
    def chart_arguments(self) -> tuple[str, ...]:
        """Helm's, to render a chart's directory: the name of the installation, and what all of it takes."""
        ...

    @property
    def sha256(self) -> tuple[str, ...]:
        """Accepted sums. Required for a download."""
        ...


@dataclass(frozen=True, kw_only=True)
class Raw:
    data: bytes
    sha256: str
    origin: str
    """What to call it in messages."""


def cache_directory() -> Path:
    """Return the directory that keeps downloads, each named after its checksum."""
    return cache_root() / "manifests"


def read(source: Source, cache: Path) -> Raw:
    """The bytes of `source`, verified. A download whose accepted sum is in `cache` is not repeated."""
    location = source.manifest or source.release
    if location.startswith(("https://", "http://")):
        return _cached(source, location, cache) or _downloaded(source, location, cache)
    path = Path(location)
    try:
        if path.is_dir():
            checksum = chart_sha256(path)
            _verify(source, checksum, location)
            return Raw(data=_rendered(path, source), sha256=checksum, origin=location)
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(
            f"{location} cannot be read: {error.strerror} (synergychat:{source.key}.manifest)"
        ) from error
    return _checked(source, data, location)


def chart_sha256(directory: Path) -> str:
    """The sum of a directory: that of `sha256sum`'s output for all files, sorted by their path from it."""
    files = sorted((path.relative_to(directory).as_posix(), path) for path in directory.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _cached(source: Source, location: str, cache: Path) -> Raw | None:
    for checksum in source.sha256:
        try:
            data = (cache / f"{checksum}.yaml").read_bytes()
        except OSError:
            continue
        # A file that was changed on disk is not what it says; it is fetched again.
        if hashlib.sha256(data).hexdigest() == checksum:
            return Raw(data=data, sha256=checksum, origin=location)
    return None


def _downloaded(source: Source, location: str, cache: Path) -> Raw:
    data = _fetched(location, source.key)
    if not source.sha256:
        _refuse_web_page(data, location)
        raise ManifestError(
            f"{location} is not used without a SHA-256. What was received has\n"
            f"  {hashlib.sha256(data).hexdigest()}\n"
            "Compare it with one from a source that you trust, then type: "
            f"pulumi config set --path 'synergychat:{source.key}.sha256[0]' SHA256"
        )
    raw = _checked(source, data, location)
    _keep(data, cache / f"{raw.sha256}.yaml")
    return raw


def _keep(data: bytes, path: Path) -> None:
    """Keep a download for later runs. Best effort: if the cache cannot be written, later runs download again."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, mode=0o644)


def _fetched(location: str, key: str) -> bytes:
    deadline = time.monotonic() + _DEADLINE_S
    data = bytearray()
    try:
        with urllib.request.urlopen(location, timeout=_STALL_S) as answer:  # noqa: S310 # only http(s) gets here
            while chunk := answer.read1():
                data += chunk
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {_DEADLINE_S} s")
                if len(data) > _LARGEST:
                    raise ManifestError(f"{location} is larger than any manifest ({_LARGEST >> 20} MiB)")
            # A connection that breaks off looks like the end: only what is left of the promised length tells.
            if answer.length:
                raise ConnectionError(f"the connection ended {answer.length} bytes too early")
    except urllib.error.HTTPError as error:
        raise ManifestError(f"{location} answered {error.code} {error.reason}: is the version right?") from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ManifestError(
            f"{location} cannot be fetched: {reason}\n"
            f"With no way there, set synergychat:{key}.manifest to a file or to the directory of the chart, "
            f"or put the manifest into {cache_directory()} as SHA256.yaml, with its SHA-256 in "
            f"synergychat:{key}.sha256 (`make up` does so for Envoy Gateway)."
        ) from error
    return bytes(data)


def _checked(source: Source, data: bytes, location: str) -> Raw:
    _refuse_web_page(data, location)
    checksum = hashlib.sha256(data).hexdigest()
    _verify(source, checksum, location)
    return Raw(data=data, sha256=checksum, origin=location)


def _verify(source: Source, checksum: str, location: str) -> None:
    if source.sha256 and checksum not in source.sha256:
        accepted = "\n".join(f"  {accepted}  accepted" for accepted in source.sha256)
        raise ManifestError(
            f"{location} is not what synergychat:{source.key}.sha256 accepts:\n  {checksum}  found\n{accepted}\n"
            "Either it was changed, or the sum belongs to another version: find out before you set a new one."
        )


def _refuse_web_page(data: bytes, location: str) -> None:
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise ManifestError(f"{location} is a web page, not a manifest: does a proxy or a login answer in its place?")


def _rendered(chart: Path, source: Source) -> bytes:
    if not (chart / "Chart.yaml").is_file():
        raise ManifestError(
            f"{chart} is a directory without a Chart.yaml, so no chart (synergychat:{source.key}.manifest)"
        )
    helm = shutil.which("helm")
    if helm is None:
        raise ManifestError(f"{chart} is a chart, and there is no `helm` on the PATH to render it with")
    name, *arguments = source.chart_arguments
    command = [helm, "template", name, str(chart), "--namespace", source.namespace, "--include-crds", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_DEADLINE_S)
    except subprocess.TimeoutExpired as error:
        raise ManifestError(f"{chart} cannot be rendered: helm was not done after {_DEADLINE_S} s") from error
    if done.returncode != 0:
        raise ManifestError(f"{chart} cannot be rendered: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
