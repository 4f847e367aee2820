"""What a stack's config comes to, key by key, and where each value comes from."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import config
from kube.json_paths import children
from kube.read import read

PROGRAM = "program"
"""Where a value comes from that no layer has."""
SECRET = "[secret]"  # noqa: S105 # what stands in a secret's place
PROJECT = "synergychat"
_PREFIX = f"{PROJECT}:"
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Values by key, with the project's name. Each counts as a whole, as it does for Pulumi."""

    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    key: str
    """As `pulumi config set --path` takes it."""
    value: str
    """As JSON, but for a text alone; `not set`; SECRET."""
    origin: str
    """The name of a layer, or PROGRAM."""


def declared_defaults(project: Mapping[str, Any]) -> Layer:
    """Those of Pulumi.yaml."""
    declared = children(project.get("config"))
    values = {f"{_PREFIX}{key}": each["default"] for key, each in declared if "default" in each}
    return Layer(name="Pulumi.yaml", values=values)


def effective(layers: Sequence[Layer]) -> list[Entry]:
    """Every key, of which the first layer says it that has it. Raises config.ConfigError when there are mistakes."""
    given: dict[str, tuple[str, Any]] = {}
    for layer in layers:
        for key, value in layer.values.items():
            if key.startswith(_PREFIX):
                given.setdefault(key, (layer.name, value))
    parsed = config.parse(
        PROJECT,
        {key: _text(key, value) for key, (_, value) in given.items()},
        [key for key, (_, value) in given.items() if _is_encrypted(value)],
    )
    entries: list[Entry] = []
    for key, value in parsed.model_dump(mode="json", by_alias=True).items():
        origin, said = given.get(f"{_PREFIX}{key}", (PROGRAM, _ABSENT))
        entries += _entries(key, value, said, origin, hidden=key == "secrets")
    return entries


def _entries(key: str, value: Any, said: Any, origin: str, *, hidden: bool) -> Iterator[Entry]:
    """Those of a value as it counts, of which the layer `origin` has `said`."""
    if _is_secure(said) or (hidden and isinstance(value, str)):
        yield Entry(key=key, value=SECRET, origin=origin)
        return
    for part, below in _parts(value):
        yield from _entries(f"{key}{_step(part)}", below, _at(said, part), origin, hidden=hidden)
    if not _parts(value):
        yield Entry(key=key, value=_shown(value), origin=PROGRAM if said is _ABSENT else origin)


def _parts(value: Any) -> list[tuple[str | int, Any]]:
    """What is shown in lines of its own: what is in groups, and the groups of a list."""
    if isinstance(value, dict):
        return list(cast(dict[str, Any], value).items())
    if isinstance(value, list) and any(isinstance(each, dict) for each in cast(list[Any], value)):
        return list(enumerate(cast(list[Any], value)))
    return []


def _at(said: Any, part: str | int) -> Any:
    if isinstance(said, list | dict):
        return dict(_parts(said)).get(part, _ABSENT)
    # A short form, such as a text for a group that has it: what it stands for was said too.
    return said


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN.fullmatch(part) else f"[{json.dumps(part)}]"


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _is_secure(said: Any) -> bool:
    """Whether `pulumi config set --secret` wrote it."""
    return (
        isinstance(said, dict)
        and list(cast(dict[str, Any], said)) == ["secure"]
        and isinstance(read(said, "secure"), str)
    )


def _is_encrypted(said: Any) -> bool:
    """Whether it has a secret anywhere: for Pulumi the key's whole value then is one."""
    return _is_secure(said) or any(_is_encrypted(below) for _, below in _parts(said))


def _text(key: str, said: Any) -> str:
    """As Pulumi hands it to the program, with SECRET for what only its passphrase could tell."""
    if _is_secure(said):
        return "{}" if key == f"{_PREFIX}secrets" else SECRET
    return said if isinstance(said, str) else json.dumps(_without_secrets(said))


def _without_secrets(said: Any) -> Any:
    if _is_secure(said):
        return SECRET
    if isinstance(said, dict):
        return {key: _without_secrets(below) for key, below in cast(dict[str, Any], said).items()}
    if isinstance(said, list):
        return [_without_secrets(below) for below in cast(list[Any], said)]
    return said
