"""Output of other programs: bytes that are no UTF-8 must not end the command that reads them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.paths import REPOSITORY
from tests.rooms import PROGRAM
from tools import stack
from tools.stack import Stack

_SOURCES = sorted(path for room in (*PROGRAM, "local", "tools") for path in (REPOSITORY / room).rglob("*.py"))


def _strict(source: Path) -> Iterator[str]:
    """Calls of `subprocess` that decode output and raise an error for other bytes."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call):
            given = {keyword.arg for keyword in node.keywords}
            if given & {"text", "encoding", "universal_newlines"} and "errors" not in given and _runs(node):
                yield f"{source.relative_to(REPOSITORY)}:{node.lineno}"


def _runs(call: ast.Call) -> bool:
    """Whether it starts a program, itself or in another thread."""
    named = [call.func, *call.args]
    return any(isinstance(name, ast.Attribute) and name.attr in ("run", "Popen", "check_output") for name in named)


def test_every_output_of_a_program_is_read_whatever_its_bytes_are() -> None:
    assert [place for source in _SOURCES for place in _strict(source)] == []


@pytest.mark.parametrize("program", ["pulumi", "kubectl"])
def test_the_last_words_of_a_container_may_be_latin_1(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / program
    script.write_text(f"#!{sys.executable}\nimport sys\nsys.stdout.buffer.write(b'caf\\xe9\\n')\n")
    script.chmod(0o755)
    monkeypatch.setattr(stack, "_wrapper", lambda name: str(tmp_path / name))
    here = Stack("dev", "kind-one", named=False)
    done: subprocess.CompletedProcess[str] = (
        here.kubectl("logs", "a") if program == "kubectl" else here.pulumi("preview", capture=True)
    )
    assert done.stdout == "caf\ufffd\n"
