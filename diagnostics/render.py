"""Render problems as the text that a user reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnostics.problem import Problem, field_path, shown_value

_PAGE = "docs/checks.md"


@dataclass(frozen=True, kw_only=True)
class Located:
    """A problem with the place where the user can change it."""

    place: str
    """A key of the stack's config, or a line of the program and the object's name."""
    problem: Problem
    value: object = None
    """The value at the place; None to show none."""

    def __str__(self) -> str:
        fix = f"\n      fix: {self.problem.fix}" if self.problem.fix else ""
        return f"{self.place}{shown_value(self.value)}: {self.problem.rule} [{self.problem.code}]{fix}"


def render(problems: Iterable[Located], stack: str, advice: Sequence[str] = ()) -> str:
    """All problems of a stack, each once, sorted by place, and what to do next."""
    lines = sorted({str(problem) for problem in problems})
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    listed = "\n".join(f"  {line}" for line in lines)
    closing = "\n".join([*advice, f"Nothing was changed. {_PAGE} explains each code."])
    return f"{count} in stack {stack}:\n{listed}\n{closing}"


def config_key(project: str, path: tuple[str | int, ...]) -> str:
    """A path in the stack's config as `pulumi config set --path` takes it."""
    return f"{project}:{field_path(path)}"
