"""Overlay: fields of a stack's config over those that are there already."""

from collections.abc import Mapping
from typing import Any, cast


def overlaid(base: Mapping[str, Any], top: Mapping[str, Any], keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Field by field, as deep as both go; a list replaces a list.

    `keys` names lists of objects, and by which of its fields each object is known: items of `top` are laid over those
    of the same key, or come after them, as in a strategic merge patch.
    """
    result = {**base, **top}
    for name in base.keys() & top.keys():
        below, above = base[name], top[name]
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            result[name] = overlaid(cast(Mapping[str, Any], below), cast(Mapping[str, Any], above), keys)
        elif keys and name in keys and isinstance(below, list) and isinstance(above, list):
            result[name] = _joined(cast(list[Any], below), cast(list[Any], above), keys[name])
    return result


def position(items: list[Any], item: Any, key: str) -> int:
    """Where an item stands that was laid over one of these, or came after them."""
    return next(index for index, each in enumerate(items) if each is item or _is_same(each, item, key))


def _joined(below: list[Any], above: list[Any], key: str) -> list[Any]:
    result = list(below)
    for item in above:
        same = next((index for index, each in enumerate(below) if _is_same(each, item, key)), None)
        if same is None:
            result.append(item)
        else:
            result[same] = overlaid(below[same], item)
    return result


def _is_same(one: Any, other: Any, key: str) -> bool:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return False
    name = cast(Mapping[str, Any], other).get(key)
    return name is not None and cast(Mapping[str, Any], one).get(key) == name
