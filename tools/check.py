"""`make check`, `make test`, `make e2e` and `make lock`."""

import os
import subprocess
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from local import supplies, venv
from local.cluster import preflight
from local.lock import locked
from local.paths import REPOSITORY, state_root
from local.toolchain import system
from local.toolchain.envoy_gateway_manifest import ensure_manifest
from local.toolchain.progress import Progress
from local.venv import VENV
from tools import stack

_LOCKED = ("requirements", "local/requirements", "requirements-dev", "requirements-newest", "requirements-hardening")
_NEWEST = REPOSITORY / ".venv-newest"


def check() -> int:
    """Run formatter, linter, import contracts, type checker and unit tests. One that fails does not stop the others."""
    python = str(VENV / "bin" / "python")
    with Progress() as progress:
        ensure_manifest(progress)
    commands = [
        [str(VENV / "bin" / "ruff"), "format", "--check", "--quiet", "."],
        [str(VENV / "bin" / "ruff"), "check", "--quiet", "."],
        [str(VENV / "bin" / "lint-imports"), "--no-cache", "--no-logo"],
        [python, "-m", "pytest", "--quiet", "--numprocesses", "auto", "tests/unit"],
    ]
    types = [python, "-m", "pyright", "--level", "error"]
    with ThreadPoolExecutor() as pool:
        # The type checker runs at the same time as the others, so its output is printed after theirs.
        beside = pool.submit(
            subprocess.run, types, cwd=REPOSITORY, check=False, text=True, errors="replace", stdout=subprocess.PIPE
        )
        failed = [subprocess.run(command, cwd=REPOSITORY, check=False).returncode != 0 for command in commands]
    print(beside.result().stdout, end="")
    return int(any(failed) or beside.result().returncode != 0)


def test() -> int:
    """Run every test except the long ones, on a cluster and a stack of their own."""
    with _prepared():
        if not venv.install(("requirements-newest.txt",), _NEWEST):
            return 1
        with ThreadPoolExecutor() as pool:
            # At the same time: the live tests mostly wait.
            on_newest = pool.submit(newest)
            # The tests that fail soonest come first; the live tests end with the destruction of the stack.
            done = [
                _pytest("--numprocesses", "auto", "tests/unit"),
                _pytest("tests/hardening", "tests/browser", "tests/live"),
            ]
        failed = on_newest.result().returncode != 0
        *lines, count = on_newest.result().stdout.strip().splitlines() or [""]
        print(
            "\n".join([*lines, count])
            if failed
            else f"The program's unit tests on the newest Pulumi: {count.strip(' =')}"
        )
    return int(failed or any(done))


def e2e() -> int:
    """Run the long tests: recipes, the prod stack, random routes, causes of a failed `up`, no request lost."""
    with _prepared():
        return _pytest("tests/e2e")


@contextmanager
def _prepared() -> Generator[None]:
    """Prepare the tools, and keep other runs of the tests waiting."""
    preflight.check_possible()
    with locked(
        state_root() / "test.lock", lambda holder: print(f"Another make test ({holder}) is running: waiting for it.")
    ):
        with Progress() as progress:
            tools = supplies.for_stack_on_local_cluster(progress)
            stack.prepare(tools)
            system.ensure(["chromium"], progress)
        yield


def _pytest(*arguments: str) -> int:
    command = [VENV / "bin" / "python", "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=_without_user_settings(), check=False).returncode


def _without_user_settings() -> dict[str, str]:
    """Return the environment without variables that would point a test to the user's backend, cluster or chat."""
    settings = ("PULUMI_", "KUBECONFIG", "CHAT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(settings)}


def newest() -> subprocess.CompletedProcess[str]:
    """Run the program's unit tests with the newest Pulumi, kubernetes provider and pydantic.

    The program must run on them unchanged. The tests of `local` are left out: it uses its own tools, in one version.
    """
    selection = ["tests/unit", "--ignore", "tests/unit/local", "--confcutdir", "tests/unit"]
    command = [_NEWEST / "bin" / "python", "-m", "pytest", *selection]
    return subprocess.run(command, cwd=REPOSITORY, check=False, text=True, errors="replace", stdout=subprocess.PIPE)


def lock() -> int:
    """Pin the requirements of the .in files, with hashes, for every platform and Python 3.11 or newer."""
    for name in _LOCKED:
        command = ["uv", "pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--universal"]
        command += ["--python-version", "3.11", "--no-emit-find-links", "--no-emit-index-url"]
        command += ["--custom-compile-command", "make lock", "--output-file", f"{name}.txt", f"{name}.in"]
        subprocess.run([VENV / "bin" / command[0], *command[1:]], cwd=REPOSITORY, check=True)
    return 0
