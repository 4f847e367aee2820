"""Keys: the keys that the models of the stack's config allow at a path."""

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.stack import StackConfig
from diagnostics import Path


def type_at(path: Path) -> Any:
    """The type of the value at `path`, with its rules."""
    found: Any = StackConfig
    for step in path:
        found = _below(plain(found), step)
    return found


def plain(annotation: Any) -> Any:
    """A type without its rules, and without None."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    return annotation


def known_keys(path: Path) -> list[str]:
    """Keys of the group at `path`."""
    return [str(field.alias) for field in plain(type_at(path)).model_fields.values()]


def is_optional(path: Path) -> bool:
    """Whether the key at `path` has a default."""
    group = plain(type_at(path[:-1]))
    return is_group(group) and not _field(group, path[-1]).is_required()


def is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _below(group: Any, step: str | int) -> Any:
    if get_origin(group) is dict:
        return get_args(group)[1]
    if get_origin(group) is tuple:
        return get_args(group)[0]
    field = _field(group, step)
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _field(group: type[BaseModel], key: str | int) -> FieldInfo:
    return next(field for field in group.model_fields.values() if field.alias == key)
