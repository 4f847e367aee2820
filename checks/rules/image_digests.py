"""Images that are named by tag alone. A registry can move a tag to another image."""

from collections.abc import Iterator
from typing import Any

import yaml

from diagnostics import Path, Problem, problem
from kube.json_paths import children
from kube.manifest import Manifest
from releases import CONFIG_KEY

_CONTAINER_LISTS = {("containers",), ("initContainers",), ("ephemeralContainers",)}
_HOLDERS = {("container",), ("shutdownManager",)}
"""Parents of `image` in an EnvoyProxy and in the controller's configuration."""
_CONTROLLER_CONFIG = ("data", CONFIG_KEY)
_RATE_LIMIT = frozenset({"rateLimitDeployment"})


def without_digest(manifest: Manifest) -> Iterator[Problem]:
    """Images without a digest, in an object's pods or in those that Envoy Gateway creates for it."""
    for path, image in _images(manifest, ()):
        if isinstance(image, str) and "@sha256:" not in image:
            yield problem("image-without-digest", path, image, image=image)


def _images(value: Any, path: Path, unused: frozenset[str] = frozenset()) -> Iterator[tuple[Path, Any]]:
    if path == _CONTROLLER_CONFIG and isinstance(value, str):
        value = yaml.safe_load(value)
        # The release always names the rate limiter's image, but runs it only with this setting.
        unused = frozenset() if "rateLimit" in value else _RATE_LIMIT
    for step, below in children(value):
        if step == "image" and (path[-1:] in _HOLDERS or path[-2:-1] in _CONTAINER_LISTS):
            yield (*path, step), below
        elif step not in unused:
            yield from _images(below, (*path, step), unused)
