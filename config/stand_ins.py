"""Stand-ins: valid configs in place of one that has wrong values, so that the rules between keys can be checked too."""

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from config.keys import is_group, is_optional, known_keys, plain, type_at
from config.stack import StackConfig, validate
from diagnostics import Path
from diagnostics.suggest import closest
from kube.json_paths import at
from releases import NEWEST

_ABSENT = object()
_EXAMPLES: tuple[Any, ...] = (
    True,
    False,
    1,
    100,
    30000,
    "example",
    "1Gi",
    "/example",
    "0 3 * * *",
    "0" * 64,
    NEWEST,
    [],
    {},
)
"""Values of which every type of a key accepts one."""
_NUMBER = 8
"""Number of stand-ins: no key has more candidates."""


def stand_ins(raw: Mapping[str, object], entries: Mapping[Path, Path]) -> list[StackConfig]:
    """Configs that have the right values of `raw`, each with other values in place of the wrong ones.

    A rule that is broken in all of them is broken whatever the wrong values were meant to be. `entries` are those of
    `validate`.
    """
    return [_repaired(json.loads(json.dumps(raw)), entries, number) for number in range(_NUMBER)]


def candidates(path: Path) -> list[Any]:
    """Values for the key at `path`: none at all if it has a default, then valid ones. A group starts empty."""
    annotation = type_at(path)
    value_type = plain(annotation)
    if is_group(value_type):
        valid: list[Any] = [{}]
    else:
        examples = get_args(value_type) if get_origin(value_type) is Literal else _EXAMPLES
        valid = [example for example in examples if _is_valid(annotation, example)]
    return [_ABSENT, *valid] if is_optional(path) else valid


def _repaired(raw: dict[str, Any], entries: Mapping[Path, Path], number: int) -> StackConfig:
    while True:
        try:
            return validate(raw, entries)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _repair(raw, detail["loc"], detail["type"], number)


def _repair(raw: dict[str, Any], path: Path, kind: str, number: int) -> None:
    is_name = path[-1] == "[key]"
    *parents, key = path[:-1] if is_name else path
    try:
        group = at(raw, parents)
    except LookupError:
        return  # another repair removed it
    if is_name or kind == "extra_forbidden":
        name = _name(tuple(parents), key, is_name=is_name) if number else None
        _rename(group, key, name)
    else:
        values = candidates(path)
        _set(group, key, values[number % len(values)])


def _name(parents: Path, key: str | int, *, is_name: bool) -> str | None:
    """The name that `key` was probably meant to be."""
    if not is_name:
        return closest(key, known_keys(parents))
    allowed = get_args(plain(type_at(parents)))[0]
    return next(example for example in _EXAMPLES if isinstance(example, str) and _is_valid(allowed, example))


def _rename(group: dict[Any, Any], key: str | int, name: str | None) -> None:
    value = group.pop(key, None)
    if name is not None:
        group.setdefault(name, value)


def _set(group: Any, key: str | int, value: Any) -> None:
    if value is _ABSENT:
        group.pop(key, None)
    else:
        group[key] = value


def _is_valid(annotation: Any, value: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True
