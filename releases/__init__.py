"""Releases: facts about the releases of Envoy Gateway, one module per line, and of cert-manager.

A new line is a new module `vX_Y.py` with its `LINE`.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from releases.line import Line, Release

__all__ = [
    "CERT_MANAGER_MANIFEST",
    "CERT_MANAGER_SHA256",
    "CONFIG_KEY",
    "CONFIG_MAP",
    "ENVOY",
    "ENVOY_GATEWAY_MANIFEST",
    "ENVOY_GATEWAY_SHA256",
    "LINES",
    "LOCAL_CONTEXT",
    "NEWEST",
    "Line",
    "Release",
    "by_tag",
    "envoy_image",
    "full_name",
    "is_older",
    "line_of",
    "lines_after",
    "mirrored",
    "release_of",
]


def _lines() -> Iterator[Line]:
    for module in iter_modules(__path__):
        if re.fullmatch(r"v\d+_\d+", module.name):
            yield import_module(f"releases.{module.name}").LINE


LINES = tuple(sorted(_lines(), key=lambda line: line.release))
"""Lines that this program installs, the oldest first."""
NEWEST = LINES[-1].newest
"""The release that a stack installs unless it names another one."""

ENVOY = "docker.io/envoyproxy/envoy"
LOCAL_CONTEXT = "synergychat-local"
"""Context of the local cluster. Its images are built from source, so they cannot have the digests of the releases."""
_REGISTRY = re.compile(r"^(localhost|[^/]*[.:][^/]*)/")
CONFIG_MAP, CONFIG_KEY = "envoy-gateway-config", "envoy-gateway.yaml"
"""ConfigMap, and key in it, that hold the controller's own configuration."""
ENVOY_GATEWAY_MANIFEST = "https://github.com/envoyproxy/gateway/releases/download/v{version}/install.yaml"
ENVOY_GATEWAY_SHA256 = {version: sha256 for line in LINES for version, sha256 in line.manifests.items()}
"""SHA-256 of the manifest of every known release, the oldest first. From the tags' charts, rendered as the releases do,
and compared with published checksums where there are some; of 1.9.2 only the latter."""
CERT_MANAGER_MANIFEST = "https://github.com/cert-manager/cert-manager/releases/download/v{version}/cert-manager.yaml"
CERT_MANAGER_SHA256 = {
    "1.21.1": "5f6a499b8c1857d57f560f536e0dcc830914b45c420899fe7ad0692c8624e408",
    "1.21.2": "e03b668ec8675214af6b0a671699d088f2601fa3878e0dbe1b41d3feafd1879f",
}


def release_of(version: str) -> Release:
    """`1.9.1` as `(1, 9)`."""
    major, minor, *_ = version.removeprefix("v").split(".")
    return int(major), int(minor)


def line_of(version: str) -> Line | None:
    """The line of a version; None for one that this program does not know."""
    release = release_of(version)
    return next((line for line in LINES if line.release == release), None)


def lines_after(release: Release) -> tuple[Line, ...]:
    """Lines that are newer than `release`, the oldest first."""
    return tuple(line for line in LINES if line.release > release)


def is_older(version: str, than: str) -> bool:
    """Whether a version is older; False when either is not known."""
    one, other = (tuple(map(int, re.findall(r"[0-9]+", text)[:3])) for text in (version, than))
    return bool(one and other) and one < other


def envoy_image(version: str) -> str | None:
    """The Envoy image of a release by tag and digest; None for a release that chooses it itself."""
    line = line_of(version)
    return line.envoy_images.get(version) if line else None


def by_tag(image: str) -> str:
    """The image without its digest."""
    return image.partition("@")[0]


def full_name(image: str) -> str:
    """The image with its registry: docker.io if it names none."""
    return image if _REGISTRY.match(image) else f"docker.io/{image}"


def mirrored(image: str, registry: str | None) -> str:
    """The same image in another registry; None leaves it where it is."""
    return image if registry is None else f"{registry}/{_REGISTRY.sub('', image)}"
