"""UNKNOWN: the placeholder in an object for a value that is known only after `up`."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from diagnostics.problem import Path
from kube.json_paths import children


class _Unknown(Enum):
    UNKNOWN = "known after up"


UNKNOWN: Final = _Unknown.UNKNOWN
"""The placeholder, which satisfies every type. A CEL rule that would read it is not evaluated."""


def unknown_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of all UNKNOWN values."""
    if value is UNKNOWN:
        yield path
    for step, child in children(value):
        yield from unknown_paths(child, (*path, step))


def known(value: Any) -> Any:
    """The value as JSON, with null for UNKNOWN."""
    if value is UNKNOWN:
        return None
    if isinstance(value, list):
        return [known(item) for _, item in children(value)]
    if isinstance(value, Mapping):
        return {name: known(field) for name, field in children(value)}
    return value
