"""Merge: fields of the stack's config over those that the program sets."""

from collections.abc import Mapping
from typing import Any, cast

from diagnostics.source import Source, SourcedDict, SourcedList, entry_source, source_of


def merge(base: Mapping[str, Any], top: Mapping[str, Any], keys: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A deep merge, in which values of `top` win and a list replaces a list.

    `keys` names lists that are merged by item, with the field that identifies an item: items of `top` are merged over
    those with the same key, or appended, as in a strategic merge patch. The result remembers for each entry the config
    key that it came from.
    """
    result = {**base, **top}
    for name in base.keys() & top.keys():
        below, above = base[name], top[name]
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            result[name] = merge(cast(Mapping[str, Any], below), cast(Mapping[str, Any], above), keys)
        elif keys and name in keys and isinstance(below, list) and isinstance(above, list):
            result[name] = _merge_items(cast(list[Any], below), cast(list[Any], above), keys[name])
    sources = {name: _entry(top if name in top else base, name) for name in result}
    known: dict[str | int, Source] = {name: source for name, source in sources.items() if source}
    own = source_of(top) or source_of(base)
    return SourcedDict(result, own, known) if known or own else result


def _merge_items(below: list[Any], above: list[Any], key: str) -> list[Any]:
    result = list(below)
    sources: dict[str | int, Source] = {index: found for index in range(len(below)) if (found := _entry(below, index))}
    for index, item in enumerate(above):
        position = next((at for at, other in enumerate(below) if _is_same(other, item, key)), len(result))
        if position == len(result):
            result.append(item)
        else:
            result[position] = merge(below[position], item)
        if found := _entry(above, index):
            sources[position] = found
    return SourcedList(result, source_of(above) or source_of(below), sources) if sources else result


def _entry(container: Any, step: str | int) -> Source | None:
    return source_of(container[step]) or entry_source(container, step)


def _is_same(one: Any, other: Any, key: str) -> bool:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return False
    name = cast(Mapping[str, Any], other).get(key)
    return name is not None and cast(Mapping[str, Any], one).get(key) == name
