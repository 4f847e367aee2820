"""Examples of the problems of a stack's config, one per code, from `configs.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from diagnostics.render import Located
from tests.unit.stacks import located

_FILE = Path(__file__).with_suffix(".yaml")


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
        return located(self.config, self.secret)


def load() -> list[ConfigCase]:
    """All examples, in the order of the file."""
    return [ConfigCase(code=code, **fields) for code, fields in yaml.safe_load(_FILE.read_text()).items()]
