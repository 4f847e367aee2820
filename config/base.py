"""What the groups of keys of a stack's config have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """Made in Python with the fields' own names, as its editors complete them; read from a stack by the keys alone."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


Fields = dict[str, Any]
"""In wire form, as Gateway API, Envoy Gateway or Kubernetes have them. The schemas of the release check them."""


class OpenSection(Section):
    """Keys of its own, and beside them the fields of an object, in wire form."""

    model_config = ConfigDict(extra="allow")

    @property
    def fields(self) -> Fields:
        return dict(self.model_extra or {})
