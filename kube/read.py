"""Reading objects of which some values are known only after `up`: what depends on one of those is not judged."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from diagnostics.problem import Path
from kube.unknown import UNKNOWN

P = ParamSpec("P")
T = TypeVar("T")


class NotKnown(Exception):
    """Whether there is a mistake depends on a value, or on an object, that nobody knows before `up`."""


def read(value: Any, *path: str | int, default: Any = None) -> Any:
    """What stands at `path`, or the default when nothing does. Raises NotKnown where the way leads to an unknown."""
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
    """The items of the list at `path`, with the path of each."""
    for index, item in enumerate(read(value, *path, default=())):
        yield (*path, index), item


def judged(rule: Callable[P, Iterator[T]]) -> Callable[P, list[T]]:
    """The rule, content with what it found before it came upon something that is not known."""

    @wraps(rule)
    def found(*args: P.args, **kwargs: P.kwargs) -> list[T]:
        mistakes: list[T] = []
        with suppress(NotKnown):
            for mistake in rule(*args, **kwargs):
                mistakes.append(mistake)
        return mistakes

    return found
