"""Variables of make: they come from its command line only, and no shell reads them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.errors import UserError
from local.paths import REPOSITORY
from tools.stack import Stack

_ECHO = """#!/bin/sh
printf '%s\\n' "$@" >> "$ARGUMENTS"
"""
TARGETS = (
    "up",
    "preview",
    "config",
    "passphrase",
    "explain",
    "ask",
    "render",
    "drift",
    "status",
    "down",
    "conformance",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory with the Makefile and a Python that stores its arguments."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(_ECHO)
    python.chmod(0o755)
    return tmp_path


def arguments(clone: Path, *typed: str, **environment: str) -> list[str]:
    """Run make, and return the arguments that `python -m tools` gets."""
    file = clone / "arguments"
    file.unlink(missing_ok=True)
    subprocess.run(
        ["make", f"PYTHON={clone / '.venv' / 'bin' / 'python'}", *typed],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "ARGUMENTS": str(file), **environment},
        check=True,
        capture_output=True,
    )
    given = file.read_text().splitlines()
    return given[given.index("tools") + 1 :]


@pytest.mark.parametrize("target", TARGETS)
def test_the_environment_chooses_nothing(clone: Path, target: str) -> None:
    own = ("OUT", "FORMAT", "SECRETS", "CHECK", "REPO", "REPO_PATH")
    names = ("STACK", "CONTEXT", "PURGE", "CONFIRM", "KEY", "URL", "METHOD", "HEADER", "RUN", "REPORT", "PYTHON", *own)
    for options in ((), ("--environment-overrides",)):
        given = arguments(clone, *options, target, **dict.fromkeys(names, "1"))
        assert given[:3] == [target, "--stack=dev", "--context="]
        assert not any("1" in argument for argument in given)
        assert "--purge" not in given


def test_compare_takes_base_stack_and_directory_from_the_command_line_only(clone: Path) -> None:
    environment = dict.fromkeys(("BASE", "STACK", "OUT"), "1")
    assert arguments(clone, "compare", **environment) == ["compare", "--base=main", "--stack=dev", "--out="]
    typed = ("compare", "BASE=v1", "STACK=prod", "OUT=out")
    assert arguments(clone, *typed) == ["compare", "--base=v1", "--stack=prod", "--out=out"]


def test_the_seed_of_the_faults_is_1_unless_the_command_line_has_another(clone: Path) -> None:
    assert arguments(clone, "faults", SEED="7") == ["faults", "--seed=1"]
    assert arguments(clone, "faults", "SEED=7") == ["faults", "--seed=7"]


def test_the_command_line_chooses(clone: Path) -> None:
    typed = ("down", "STACK=prod", "CONTEXT=prod-eu", "PURGE=1", "CONFIRM=prod")
    assert arguments(clone, *typed) == ["down", "--stack=prod", "--context=prod-eu", "--confirm=prod", "--purge"]
    assert "--purge" not in arguments(clone, "down", "PURGE=0")


@pytest.mark.parametrize(("variable", "options"), [((), []), (("DIFF=1",), ["--diff"]), (("DIFF=",), [])], ids=str)
def test_preview_shows_fields_with_diff(clone: Path, variable: tuple[str, ...], options: list[str]) -> None:
    assert arguments(clone, "preview", *variable)[3:] == options


@pytest.mark.parametrize(
    "text",
    [
        "dev'; touch {}; '",
        'dev"; touch {}; "',
        "$(touch {})",
        "`touch {}`",
        "$(shell touch {})",
        "$$(touch {})",
        "-x;y#z",
    ],
)
@pytest.mark.parametrize("variable", ["STACK", "CONTEXT", "CONFIRM"])
def test_text_on_the_command_line_is_never_run(clone: Path, variable: str, text: str, tmp_path: Path) -> None:
    injected = tmp_path / "injected"
    text = text.format(injected)
    assert f"--{variable.lower()}={text}" in arguments(clone, "up", f"{variable}={text}")
    assert not injected.exists()


@pytest.mark.parametrize(
    ("target", "variable"),
    [
        ("explain", "URL"),
        ("explain", "METHOD"),
        ("explain", "HEADER"),
        ("ask", "URL"),
        ("ask", "METHOD"),
        ("ask", "HEADER"),
        ("compare", "BASE"),
        ("compare", "OUT"),
        ("passphrase", "KEY"),
        ("faults", "SEED"),
        ("render", "OUT"),
        ("render", "REPO"),
    ],
)
def test_a_variable_of_one_target_is_never_run(clone: Path, target: str, variable: str, tmp_path: Path) -> None:
    text = f"$(shell touch {tmp_path}/injected)'; touch {tmp_path}/injected; '"
    assert f"--{variable.lower()}={text}" in arguments(clone, target, f"{variable}={text}")
    assert not (tmp_path / "injected").exists()


@pytest.mark.parametrize("name", ["dev'; echo INJECTED; '", "../dev", "", "a b", "a\nb", "\x1b[2J", "x" * 101])
def test_a_stack_name_that_pulumi_would_refuse_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(UserError) as refused:
        Stack.of(name, "kind-one")
    assert "is not the name of a stack: a name has up to 100 letters, digits, hyphens" in str(refused.value)
    assert "\x1b" not in str(refused.value)
