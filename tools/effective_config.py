"""The effective config of a stack: every key, its value, and the layer that sets it."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import config
from config import included
from diagnostics import Path
from diagnostics.problem import FileStep
from diagnostics.render import config_path
from kube.encrypted_values import ciphertext, has_encrypted, replaced
from kube.json_paths import at
from local.paths import REPOSITORY
from tools.environment import PROJECT, declared_defaults, stack_file
from tools.stack import CONTEXT_KEY, Stack, own_config

PROGRAM = "program"
"""Origin of a value that no layer sets."""
SECRET = "[secret]"  # noqa: S105 # shown instead of a secret
_PREFIX = f"{PROJECT}:"
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Values by key, with the project's name. As in Pulumi, a key that one layer sets hides all of it in later ones."""

    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of `make config`."""

    key: str
    """Path of the key, as `pulumi config set --path` takes it."""
    value: str
    """The value as JSON, or a string as it is; or `not set`, or SECRET."""
    origin: str
    """Name of a layer, or PROGRAM."""


_Set = dict[str, tuple[str, Any]]
"""Name of the layer and its value, by key."""


def layers(stack: Stack) -> list[Layer]:
    """Return the layers that set a stack's config. The first one takes precedence."""
    file = stack_file(stack.name)
    named = [Layer(name="CONTEXT=", values={CONTEXT_KEY: stack.context})] if stack.named else []
    return [*named, Layer(name=file.name, values=own_config(file)), defaults()]


def defaults() -> Layer:
    """Return the defaults that Pulumi.yaml declares."""
    return Layer(name="Pulumi.yaml", values=declared_defaults())


def parse(layers: Sequence[Layer]) -> config.StackConfig:
    """Return the config as the program reads it. Raises config.ConfigError with every problem."""
    return _parsed(_first_of_each(layers))


def effective(layers: Sequence[Layer]) -> list[Entry]:
    """Return an entry per key and part of a key. Raises config.ConfigError with every problem."""
    given = _first_of_each(layers)
    stack = _parsed(given)
    files = included.read({"include": list(stack.include)}, REPOSITORY).files
    entries: list[Entry] = []
    for key, value in stack.model_dump(mode="json", by_alias=True).items():
        origin, source = given.get(f"{_PREFIX}{key}", (PROGRAM, _ABSENT))
        in_files = _in_files(stack, key)
        own = _without(value, in_files)
        if own or not in_files:
            entries += _entries((key,), own, source, origin, hidden=key == "secrets")
        for step, place in in_files.items():
            entries += _entries((key, step), value[step], at(files, place), str(place[0]), hidden=False)
    return entries


def _in_files(stack: config.StackConfig, key: str) -> dict[str | int, Path]:
    """Return the paths of a section's entries that are in included files."""
    if key not in included.SECTIONS:
        return {}
    section: Mapping[str, config.Section] | Sequence[config.Section] = getattr(stack, key)
    entries = section.items() if isinstance(section, Mapping) else enumerate(section)
    return {step: entry.at() for step, entry in entries if isinstance(entry.at()[0], FileStep)}


def _without(value: Any, steps: Container[str | int]) -> Any:
    """Return a copy of a dict or list without some of its entries; anything else as it is."""
    if isinstance(value, dict):
        return {key: below for key, below in cast(dict[str, Any], value).items() if key not in steps}
    if isinstance(value, list):
        return [below for index, below in enumerate(cast(list[Any], value)) if index not in steps]
    return value


def _first_of_each(layers: Sequence[Layer]) -> _Set:
    given: _Set = {}
    for layer in layers:
        for key, value in layer.values.items():
            if key.startswith(_PREFIX):
                given.setdefault(key, (layer.name, value))
    return given


def _parsed(given: _Set) -> config.StackConfig:
    return config.parse(
        PROJECT,
        {key: _text(key, value) for key, (_, value) in given.items()},
        [key for key, (_, value) in given.items() if has_encrypted(value)],
        directory=REPOSITORY,
    )


def _entries(path: Path, value: Any, source: Any, origin: str, *, hidden: bool) -> Iterator[Entry]:
    """Yield the entries of one effective value. `source` is the same value as the layer `origin` writes it."""
    if ciphertext(source) is not None or (hidden and isinstance(value, str)):
        yield Entry(key=config_path(path), value=SECRET, origin=origin)
        return
    for part, below in _parts(value):
        yield from _entries((*path, part), below, _at(source, part), origin, hidden=hidden)
    if not _parts(value):
        yield Entry(key=config_path(path), value=_shown(value), origin=PROGRAM if source is _ABSENT else origin)


def _parts(value: Any) -> list[tuple[str | int, Any]]:
    """Return the parts of a value that get lines of their own: the keys of a group, the groups of a list."""
    if isinstance(value, dict):
        return list(cast(dict[str, Any], value).items())
    if isinstance(value, list) and any(isinstance(item, dict) for item in cast(list[Any], value)):
        return list(enumerate(cast(list[Any], value)))
    return []


def _at(source: Any, part: str | int) -> Any:
    if isinstance(source, list | dict):
        return dict(_parts(source)).get(part, _ABSENT)
    # A short form, such as text where a group is allowed: it sets every part of the group.
    return source


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _text(key: str, source: Any) -> str:
    """Return the value as Pulumi gives it to the program, with SECRET for encrypted values."""
    if key == f"{_PREFIX}secrets" and ciphertext(source) is not None:
        return "{}"
    value = replaced(source, lambda _: SECRET)
    return value if isinstance(value, str) else json.dumps(value)
