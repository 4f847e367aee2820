"""Steps through a JSON value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast


def children(value: Any) -> Iterator[tuple[Any, Any]]:
    """Fields of an object by name, items of a list by index; nothing for a scalar."""
    if isinstance(value, Mapping):
        yield from cast(Mapping[str, Any], value).items()
    elif isinstance(value, list):
        yield from enumerate(cast(list[Any], value))


def is_deeper_than(levels: int, value: Any) -> bool:
    """Whether objects and lists are nested in more than this number of levels. Any depth is safe."""
    layer = [value]
    for _ in range(levels):
        layer = [child for parent in layer for _, child in children(parent) if isinstance(child, Mapping | list)]
        if not layer:
            return False
    return True


def at(value: Any, path: Sequence[str | int]) -> Any:
    """The value at `path`. Raises LookupError when there is none."""
    for step in path:
        value = value[step]
    return value
