"""Images that are named by tag alone, and Wasm files by URL. Others can put another one there."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from diagnostics import Path, Problem, problem
from kube.json_paths import children
from kube.manifest import Manifest
from kube.read import read
from releases import CONFIG_KEY

_WITH_DIGEST = re.compile(r".+@sha256:[a-f0-9]{64}")
_SHA256 = re.compile(r"[a-f0-9]{64}")
_CONTAINER_LISTS = {("containers",), ("initContainers",), ("ephemeralContainers",)}
_HOLDERS = {("container",), ("shutdownManager",)}
"""Parents of `image` in an EnvoyProxy and in the controller's configuration."""
_CONTROLLER_CONFIG = ("data", CONFIG_KEY)
_RATE_LIMIT = frozenset({"rateLimitDeployment"})


def without_digest(manifest: Manifest) -> Iterator[Problem]:
    """Images and Wasm files without a digest: in an object's pods, in those that Envoy Gateway creates for it, or in
    its Envoys."""
    for path, image in _images(manifest, ()):
        if not isinstance(image, str) or _WITH_DIGEST.fullmatch(image):
            continue
        if path[-2:] == ("http", "url"):
            yield problem("wasm-without-checksum", path, image)
        elif path[-1] == "imageRepository":
            yield problem("image-repository-without-digest", path, image, image=image)
        else:
            yield problem("image-without-digest", path, image, image=image.partition("@")[0])


def _images(value: Any, path: Path, unused: frozenset[str] = frozenset()) -> Iterator[tuple[Path, Any]]:
    """Every image that runs, with its path."""
    if path == _CONTROLLER_CONFIG and isinstance(value, str):
        value = yaml.safe_load(value)
        # The release always names the rate limiter's image, but runs it only with this setting.
        unused = frozenset() if "rateLimit" in value else _RATE_LIMIT
    for step, below in children(value):
        if _names_image(path, step) and not (step == "url" and _is_pinned(value)):
            yield (*path, step), below
        elif step not in unused:
            yield from _images(below, (*path, step), unused)


def _names_image(path: Path, step: str | int) -> bool:
    parent, grandparent = path[-1:], path[-2:-1]
    if step == "image":
        return parent in _HOLDERS or grandparent in _CONTAINER_LISTS
    if step == "imageRepository":
        return parent in _HOLDERS
    if step == "reference":
        return parent == ("image",) and path[-3:-2] == ("volumes",)
    # Envoys run the Wasm code of an EnvoyExtensionPolicy.
    return step == "url" and path[-2:] in (("code", "image"), ("code", "http"))


def _is_pinned(wasm: Any) -> bool:
    """Whether the digest is in a field of its own, which Envoy Gateway compares with that of the code."""
    checksum = read(wasm, "sha256")
    return isinstance(checksum, str) and _SHA256.fullmatch(checksum) is not None
