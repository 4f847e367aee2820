"""Examples of the problems of a stack's config, one per code, from `configs.yaml`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config import ConfigError, parse
from diagnostics.render import Located

_FILE = Path(__file__).with_suffix(".yaml")
_PROJECT = "synergychat"


@dataclass(frozen=True, kw_only=True)
class ConfigCase:
    """Keys of a stack with one problem."""

    code: str
    config: Mapping[str, Any]
    at: str
    """The key that is wrong."""
    secret: Sequence[str] = field(default_factory=tuple[str, ...])
    """Keys that are encrypted in the stack's file."""

    def problems(self) -> list[Located]:
        """The problems that the program finds in the config."""
        keys = {"context": "my-cluster", **self.config}
        values = {
            f"{_PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()
        }
        try:
            parse(_PROJECT, values, [f"{_PROJECT}:{key}" for key in self.secret])
        except ConfigError as error:
            return error.problems
        return []


def _passed(value: Any) -> str:
    """The value as Pulumi passes it to the program."""
    return value if isinstance(value, str) else json.dumps(value)


def load() -> list[ConfigCase]:
    """All examples, in the order of the file."""
    return [ConfigCase(code=code, **fields) for code, fields in yaml.safe_load(_FILE.read_text()).items()]
