"""Overlay: fields of a stack's config over those that are there already."""

from collections.abc import Mapping
from typing import Any, cast


def overlaid(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Field by field, as deep as both go; a list replaces a list."""
    result = {**base, **top}
    for name in base.keys() & top.keys():
        below, above = base[name], top[name]
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            result[name] = overlaid(cast(Mapping[str, Any], below), cast(Mapping[str, Any], above))
    return result
