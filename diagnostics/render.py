"""Render problems as the text that a user reads."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnostics.problem import FileStep, Path, Problem, shown_value
from diagnostics.terminal import printable

_HIDDEN = " = [secret]"
_PAGE = "docs/checks.md"
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True)
class Located:
    """A problem with the place where the user can change it."""

    place: str
    """A key of the stack's config, or a line of the program and the object's name."""
    problem: Problem
    value: object = None
    """The value at the place; None to show none."""
    is_secret: bool = False
    """Whether the value must not be shown."""

    def __str__(self) -> str:
        fix = f"\n      fix: {self.problem.fix}" if self.problem.fix else ""
        value = _HIDDEN if self.is_secret else shown_value(self.value)
        return printable(f"{self.place}{value}: {self.problem.rule} [{self.problem.code}]{fix}")


def render(problems: Iterable[Located], stack: str, advice: Sequence[str] = ()) -> str:
    """All problems of a stack, each once, sorted by place, and what to do next."""
    lines = sorted({str(problem) for problem in problems})
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    listed = "\n".join(f"  {line}" for line in lines)
    closing = "\n".join([*advice, f"Nothing was changed. {_PAGE} explains each code."])
    return f"{count} in stack {stack}:\n{listed}\n{closing}"


def config_key(project: str, path: Path) -> str:
    """A path in the stack's config, with the project's name, as `pulumi config set --path` takes it.

    A path in an included file has the file's name instead.
    """
    is_in_file = path and isinstance(path[0], FileStep)
    return config_path(path) if is_in_file else f"{project}:{config_path(path)}"


def config_path(path: Path) -> str:
    """`("env", "a.b", 0)` as `env["a.b"][0]`: Pulumi reads a dot as the start of the next step unless it is quoted."""
    if path and isinstance(path[0], FileStep):
        return f"{path[0]}: {config_path(path[1:])}" if path[1:] else path[0]
    return "".join(map(_step, path)).removeprefix(".")


def _step(step: str | int) -> str:
    is_plain = isinstance(step, str) and _PLAIN.fullmatch(step)
    return f".{step}" if is_plain else f"[{json.dumps(step, ensure_ascii=False)}]"
