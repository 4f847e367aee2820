"""Values that remember the config key that they came from.

`typed(path, value)` marks a value that the stack's config sets; `derived(path, value)` marks one that a builder
made from a key. For all other code both are ordinary dicts and lists. `kube.merge` keeps the marks, and `trace` finds
the key for a path in an object.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from diagnostics.problem import Path


@dataclass(frozen=True)
class Source:
    """A place in the stack's config."""

    path: Path
    derived: bool = False
    """Everything below follows from the key as a whole: no deeper key exists in the config."""

    def below(self, step: str | int) -> "Source":
        return self if self.derived else Source((*self.path, step))


class SourcedDict(dict[str, Any]):
    """A dict that knows where it, or single entries of it, come from."""

    source: Source | None = None
    sources: Mapping[str | int, Source]

    def __init__(
        self, value: Mapping[str, Any], source: Source | None, sources: Mapping[str | int, Source] | None = None
    ) -> None:
        super().__init__(value)
        self.source = source
        self.sources = sources or {}


class SourcedList(list[Any]):
    """A list that knows where it, or single items of it, come from."""

    source: Source | None = None
    sources: Mapping[str | int, Source]

    def __init__(
        self, value: list[Any], source: Source | None, sources: Mapping[str | int, Source] | None = None
    ) -> None:
        super().__init__(value)
        self.source = source
        self.sources = sources or {}


def typed(path: Path, value: Any) -> Any:
    """A copy of a JSON value in which every dict and list knows its own path in the config."""
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        return SourcedDict({key: typed((*path, key), item) for key, item in items}, Source(path))
    if isinstance(value, list | tuple):
        items = enumerate(cast(list[Any], value))
        return SourcedList([typed((*path, index), item) for index, item in items], Source(path))
    return value


def derived(path: Path, value: Any) -> Any:
    """The dict or list `value`, marked as made from the config key at `path`."""
    source = Source(path, derived=True)
    if isinstance(value, Mapping):
        return SourcedDict(cast(Mapping[str, Any], value), source)
    return SourcedList(list(value), source)


def with_sources(value: Mapping[str, Any], **entries: Source) -> SourcedDict:
    """The dict `value`, of which the entries named by the keywords come from these places."""
    return SourcedDict(value, source_of(value), {**entry_sources(value), **entries})


def source_of(value: Any) -> Source | None:
    return value.source if isinstance(value, SourcedDict | SourcedList) else None


def entry_sources(value: Any) -> Mapping[str | int, Source]:
    """Sources of entries that differ from their container's."""
    return value.sources if isinstance(value, SourcedDict | SourcedList) else {}


def entry_source(value: Any, step: str | int) -> Source | None:
    """The source of one entry of a container, from its own mark or from its container's."""
    if own := entry_sources(value).get(step):
        return own
    source = source_of(value)
    return source.below(step) if source else None


def trace(value: Any, path: Path) -> tuple[Source | None, Path]:
    """The source nearest to `path` in `value`, and the steps from there on; no source when nothing is marked."""
    found, rest = source_of(value), path
    for number, step in enumerate(path, 1):
        if own := entry_sources(value).get(step):
            found, rest = own, path[number:]
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        if own := source_of(value):
            found, rest = own, path[number:]
    return found, rest
