"""The marker of a fault test: what is done, what must happen, and within which time."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest


@dataclass(frozen=True)
class Fault:
    """The arguments of `@pytest.mark.fault(...)`, in plain English for the page of results."""

    done: str
    must: str
    limit_s: float = 300

    @classmethod
    def of(cls, item: pytest.Item) -> Self | None:
        marker = item.get_closest_marker("fault")
        return cls(*marker.args, **marker.kwargs) if marker else None


def faults_in(directory: Path) -> Iterator[tuple[Path, Fault]]:
    """Yield the file and the marker of every marked test below a directory. The tests are not imported."""
    for file in sorted(directory.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                for call in node.decorator_list:
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.fault":
                        given = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
                        yield file, Fault(*map(ast.literal_eval, call.args), **given)
