"""A value that nobody knows before `up`."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from diagnostics.problem import Path
from kube.json_paths import children


class _Unknown(Enum):
    UNKNOWN = "known after up"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands in an object for such a value: it satisfies every type, and a CEL rule whose scope has one is not asked."""


def unknown_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if value is UNKNOWN:
        yield path
    for step, child in children(value):
        yield from unknown_paths(child, (*path, step))


def known(value: Any) -> Any:
    """The value as JSON: what is not known yet is null in it."""
    if value is UNKNOWN:
        return None
    if isinstance(value, list):
        return [known(item) for _, item in children(value)]
    if isinstance(value, Mapping):
        return {name: known(field) for name, field in children(value)}
    return value
