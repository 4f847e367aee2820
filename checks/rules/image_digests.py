"""Images that are named by tag alone: whoever can push it decides what runs."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from diagnostics.problem import Mistake, Path
from kube.json_paths import children
from releases import CONFIG_KEY

_LISTS = {("containers",), ("initContainers",), ("ephemeralContainers",)}
_HOLDERS = {("container",), ("shutdownManager",)}
"""In an EnvoyProxy, and in the controller's configuration."""
_CONTROLLERS_OWN = ("data", CONFIG_KEY)
"""Where the controller's configuration is, in its ConfigMap, as a text."""
_RATE_LIMIT = frozenset({"rateLimitDeployment"})


def by_tag(wire: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every image in an object's pods, or in those that Envoy Gateway makes of it, without a digest."""
    for path, image in _images(wire, ()):
        if isinstance(image, str) and "@sha256:" not in image:
            yield Mistake(
                path=path,
                value=image,
                rule="must be named by its digest, as requireDigests asks for",
                cure=f"write {image}@sha256:DIGEST",
            )


def _images(value: Any, path: Path, unused: frozenset[str] = frozenset()) -> Iterator[tuple[Path, Any]]:
    if path == _CONTROLLERS_OWN and isinstance(value, str):
        value = yaml.safe_load(value)
        # The release names its image in any case; only with this setting something runs it.
        unused = frozenset() if "rateLimit" in value else _RATE_LIMIT
    for step, below in children(value):
        if step == "image" and (path[-1:] in _HOLDERS or path[-2:-1] in _LISTS):
            yield (*path, step), below
        elif step not in unused:
            yield from _images(below, (*path, step), unused)
