"""Base classes of the stack's config: groups of keys that know their own place."""

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, PrivateAttr
from pydantic.alias_generators import to_camel

from diagnostics import Path
from diagnostics.source import typed

Fields = dict[str, Any]
"""Fields of Gateway API, Envoy Gateway or Kubernetes, as they are. The schemas of the release check them."""


class Section(BaseModel):
    """A group of keys. Python code sets its fields by their names, a stack's file by the keys alone."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,  # it may be a secret
    )
    _path: Path = PrivateAttr(default=())

    def at(self, *keys: str | int) -> Path:
        """The path of the group in the stack's config, or of a key in it."""
        return (*self._path, *keys)

    def place_at(self, path: Path) -> None:
        """Set the path of the group, and of every group and raw value below it. To be called once, after validation."""
        self._path = path
        for name, field in type(self).model_fields.items():
            # Not an assignment: a model is frozen, and its values stay equal.
            vars(self)[name] = _located(getattr(self, name), (*path, field.alias or name))

    def has(self, field: str) -> bool:
        """Whether the config sets the field, even to its default."""
        return field in self.model_fields_set


class OpenSection(Section):
    """A group of keys that passes all further keys on as fields of an object."""

    model_config = ConfigDict(extra="allow")

    @property
    def fields(self) -> Fields:
        """The further keys, marked with their place in the config."""
        return typed(self.at(), dict(self.model_extra or {}))

    @property
    def all_fields(self) -> Fields:
        """All keys, marked with their place in the config."""
        return typed(self.at(), self.model_dump(mode="json", by_alias=True, exclude_none=True))


def _located(value: Any, path: Path) -> Any:
    if isinstance(value, Section):
        value.place_at(path)
        return value
    if isinstance(value, tuple):
        return tuple(_located(item, (*path, index)) for index, item in enumerate(cast(tuple[Any, ...], value)))
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if any(isinstance(item, Section) for item in entries.values()):
            return {key: _located(item, (*path, key)) for key, item in entries.items()}
        return typed(path, entries)
    return value
