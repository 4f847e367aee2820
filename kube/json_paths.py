"""Steps through a JSON value."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast


def children(value: Any) -> Iterator[tuple[Any, Any]]:
    """The fields of an object by their names, the items of a list by their numbers, of anything else nothing."""
    if isinstance(value, Mapping):
        yield from cast(Mapping[str, Any], value).items()
    elif isinstance(value, list):
        yield from enumerate(cast(list[Any], value))


def at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value
