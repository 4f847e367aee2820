"""Read objects in which some values are known only after `up`.

A function that meets such a value raises NotKnown; `skip_unknown` turns a rule into one that keeps what it found until
then. So nothing is guessed: the cluster judges everything that depends on an unknown value.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from diagnostics.problem import Path
from kube.unknown import UNKNOWN

P = ParamSpec("P")
T = TypeVar("T")


class NotKnown(Exception):
    """The answer depends on a value, or on an object, that is known only after `up`."""


def read(value: Any, *path: str | int, default: Any = None) -> Any:
    """The value at `path`, or `default` when there is none or it is null. Raises NotKnown for an unknown value."""
    for step in path:
        if value is UNKNOWN:
            raise NotKnown
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return default
    if value is UNKNOWN:
        raise NotKnown
    return default if value is None else value


def items(value: Any, *path: str | int) -> Iterator[tuple[Path, Any]]:
    """Items of the list at `path`, each with its path. Anything that is not a list has no items."""
    found = read(value, *path)
    for index, item in enumerate(cast(list[Any], found) if isinstance(found, list) else ()):
        yield (*path, index), item


def values(value: Any, *path: str | int) -> list[Any]:
    """The list at `path`; empty when there is none."""
    return [item for _, item in items(value, *path)]


def skip_unknown(rule: Callable[P, Iterator[T]]) -> Callable[P, list[T]]:
    """Make a generator return what it yielded before it raised NotKnown."""

    @wraps(rule)
    def collect(*args: P.args, **kwargs: P.kwargs) -> list[T]:
        found: list[T] = []
        with suppress(NotKnown):
            for result in rule(*args, **kwargs):
                found.append(result)
        return found

    return collect
