"""Images that are named by tag alone: whoever can push it decides what runs."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from checks.mistake import Mistake, Path
from checks.walk import children

_LISTS = {("containers",), ("initContainers",), ("ephemeralContainers",)}
_HOLDERS = {("container",), ("shutdownManager",)}
"""In an EnvoyProxy, and in the controller's configuration."""
_CONTROLLERS_OWN = ("data", "envoy-gateway.yaml")
"""Where the controller's configuration is, in its ConfigMap, as a text."""


def by_tag(wire: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every image in an object's pods, or in those that Envoy Gateway makes of it, without a digest."""
    for path, image in _images(wire, ()):
        if isinstance(image, str) and "@sha256:" not in image:
            yield Mistake(
                path=path,
                value=image,
                rule="must be named by digest (requireDigests)",
                cure=f"write {image}@sha256:DIGEST",
            )


def _images(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path == _CONTROLLERS_OWN and isinstance(value, str):
        value = yaml.safe_load(value)
    for step, below in children(value):
        if step == "image" and (path[-1:] in _HOLDERS or path[-2:-1] in _LISTS):
            yield (*path, step), below
        else:
            yield from _images(below, (*path, step))
