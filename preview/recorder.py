"""Declared: every Kubernetes object that the program declares, with the place that it was declared at."""

import inspect
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, cast

import pulumi

from checks import UNKNOWN
from components.gateway.manifests import Wire
from diagnostics.problem import Path

_PROGRAM = File(__file__).resolve().parent.parent
_COMPONENTS = _PROGRAM / "components"
# What stands in these is the user's: keys are no names of fields.
_MAPS = {"labels", "annotations", "data", "string_data", "match_labels", "selector", "node_selector"}
_NOWHERE = ""

Parts = Mapping[Path, str]
"""By a path from an object's root, the config key that says this part of it; of several, the longest path counts.

What lies deeper in the part lies as deep below the key, unless that is a Shortcut. The key is named from the place that
the object is declared by; an empty one is that place itself.
"""
SPEC: Parts = {("spec",): ""}


class Shortcut(str):
    """A key from which all of a part follows: nothing that lies deeper was typed."""


_place: ContextVar[tuple[str, Parts]] = ContextVar("place", default=(_NOWHERE, {}))


@dataclass(frozen=True, kw_only=True)
class Declaration:
    wire: Wire
    """UNKNOWN stands for what is known only after `up`."""
    place: str
    """A path of stack config, or a line of the program."""
    parts: Parts
    """What of the object stands where in the config; nothing does at a line."""


@dataclass
class Declared:
    """What the program has declared so far. The engine hears of none of it before the program's last line."""

    objects: list[Declaration] = field(default_factory=list[Declaration])

    @classmethod
    def recorded(cls) -> "Declared":
        """All that is declared from here on."""
        declared = cls()
        pulumi.runtime.register_stack_transformation(declared)
        return declared

    def __call__(self, args: pulumi.ResourceTransformationArgs) -> None:
        """A stack transformation that changes nothing."""
        if args.type_.startswith("kubernetes:"):
            place, parts = _place.get()
            self.objects.append(Declaration(wire=_wire(args.props), place=place or _line(), parts=parts))


@contextmanager
def declared_by(config_path: str, parts: Parts = SPEC) -> Generator[None]:
    """What is declared within follows from this place of the stack's config."""
    token = _place.set((f"{pulumi.get_project()}:{config_path}", parts))
    try:
        yield
    finally:
        _place.reset(token)


@contextmanager
def declared_in_parts(parts: Parts) -> Generator[None]:
    """The same place, which says these parts too; for what no config declares, nothing."""
    place, said = _place.get()
    token = _place.set((place, {**said, **parts} if place else {}))
    try:
        yield
    finally:
        _place.reset(token)


def _wire(props: Mapping[str, Any]) -> Wire:
    # The typed classes have their properties in snake case.
    plain = _plain(props, as_is="apiVersion" in props)
    return {name: value for name, value in plain.items() if value is not None}


def _plain(value: Any, *, as_is: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key) if as_is else _camel(str(key)): _plain(item, as_is=as_is or key in _MAPS)
            for key, item in cast(Mapping[Any, Any], value).items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, as_is=as_is) for item in cast(list[Any], value)]
    return value if isinstance(value, str | int | float | None) else UNKNOWN


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _line() -> str:
    """Where the program, outside of its components, asked for what is being declared."""
    frame = inspect.currentframe()
    while frame is not None:
        file = File(frame.f_code.co_filename)
        if file.is_relative_to(_PROGRAM) and not file.is_relative_to(_COMPONENTS) and ".venv" not in file.parts:
            return f"{file.relative_to(_PROGRAM)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
