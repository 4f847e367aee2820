"""Configs of stacks as Pulumi passes them, and the problems found in them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from config import ConfigError, Stack, StackConfig, reading
from diagnostics.render import Located
from tests.unit.recording import PROJECT

CONTEXT = "my-cluster"


def passed(config: Mapping[str, Any]) -> dict[str, str]:
    """The keys of a stack as Pulumi passes them: with the project's name, and JSON for everything but strings."""
    return {f"{PROJECT}:{key}": passed_value(value) for key, value in config.items()}


def passed_value(value: Any) -> str:
    """The value of a key as Pulumi passes it."""
    return value if isinstance(value, str) else json.dumps(value)


def parse(
    config: Mapping[str, Any], secret_keys: Iterable[str] = (), *, protected: bool = True, directory: Path = Path()
) -> StackConfig:
    """The typed config of a stack with these keys and a context, and the files in `directory` that it includes."""
    keys = [f"{PROJECT}:{key}" for key in secret_keys]
    given = passed({"context": CONTEXT, **config})
    return reading.parse(PROJECT, given, keys, unprotected_stack=None if protected else "dev", directory=directory)


def resolved(config: Mapping[str, Any]) -> Stack:
    """The stack with these keys and a context."""
    return Stack(parse(config))


def located(
    config: Mapping[str, Any], secret_keys: Iterable[str] = (), *, protected: bool = True, directory: Path = Path()
) -> list[Located]:
    """The problems of a config, with the values that the user sees; none when the program accepts it."""
    try:
        parse(config, secret_keys, protected=protected, directory=directory)
    except ConfigError as error:
        return error.problems
    return []


def rejected(config: Mapping[str, Any], secret_keys: Iterable[str] = ()) -> list[Located]:
    """The problems of a config that the program does not accept."""
    found = located(config, secret_keys)
    assert found
    return found


def problems(config: Mapping[str, Any], secret_keys: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Key and code of every problem of a config, in the order in which the user reads them."""
    return [(_key(found), found.problem.code) for found in located(config, secret_keys)]


def explained(config: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, str]]]:
    """Key, code and words of every problem of a config, for tests of the words in a message."""
    return [(_key(found), found.problem.code, found.problem.words) for found in rejected(config)]


def _key(found: Located) -> str:
    return found.place.removeprefix(f"{PROJECT}:")
