"""What a stack's file says, as it was given: it may be anything."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

Given = Mapping[str, object]
Place = tuple[str, ...]
Broken = Iterator[tuple[Place, str]]
"""Places, and the rule that each breaks."""


def items(value: object) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def group(value: object) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
