"""Problem: one thing that is wrong at one place, identified by a code of the catalogue."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.catalogue import entry
from diagnostics.terminal import printable

Path = tuple[str | int, ...]
"""Steps into a JSON value: names of fields and keys, indices of list items."""


class FileStep(str):
    """The first step of a path in a file that the stack's config includes: the file's name, as the config has it."""


_FIELD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_LONGEST_VALUE = 120


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A rule that does not hold: a code, and the values for the placeholders of its sentences."""

    code: str
    words: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)

    @property
    def rule(self) -> str:
        """The sentence that says what is wrong."""
        return entry(self.code).rule.format(**self.words)

    @property
    def fix(self) -> str:
        """The sentence that says what to change; empty when the catalogue has none, or its placeholders are empty."""
        return entry(self.code).fix.format(**self.words).strip()

    def at(self, path: Path, value: Any = None) -> "Problem":
        """The problem that this reason causes at `path`."""
        return Problem(code=self.code, words=self.words, path=path, value=value)


@dataclass(frozen=True, kw_only=True)
class Problem(Reason):
    """A reason at a place. Its line is `field = value: rule [code]`."""

    path: Path
    """Path from the root of the object, or of the stack's config."""
    value: Any = field(default=None, hash=False)
    """The value at the path; None when the field is missing."""

    @property
    def field(self) -> str:
        """The path as Kubernetes prints it, such as `spec.rules[0].matches[1].path.value`."""
        return field_path(self.path)

    def __str__(self) -> str:
        return printable(f"{self.field}{shown_value(self.value)}: {self.rule} [{self.code}]")


def is_below(path: Path, place: Path) -> bool:
    """Whether a path is `place` or leads to something inside of it."""
    return path[: len(place)] == place


def problem(code: str, path: Path, value: Any = None, /, **words: object) -> Problem:
    """A problem with `code` at `path`; `words` fill the placeholders of the code's sentences."""
    return Problem(code=code, path=path, value=value, words={name: str(word) for name, word in words.items()})


def reason(code: str, /, **words: object) -> Reason:
    """A reason with `code`; `words` fill the placeholders of the code's sentences."""
    return Reason(code=code, words={name: str(word) for name, word in words.items()})


def field_path(path: Path) -> str:
    """`("rules", 0, "name")` as `rules[0].name`; names that are not identifiers are in brackets."""
    return "".join(map(_step, path)).removeprefix(".")


def shown_value(value: Any) -> str:
    """` = VALUE` for a scalar; empty for anything else, which would fill the screen."""
    if not isinstance(value, str | int | float):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return f" = {text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + '...'}"


def _step(step: str | int) -> str:
    return f".{step}" if isinstance(step, str) and _FIELD.fullmatch(step) else f"[{step}]"
