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
    """Formatter, linter, type checker, unit tests: all of them run, and one failure is enough."""
    python = str(VENV / "bin" / "python")
    with Progress() as progress:
        ensure_manifest(progress)
    commands = [
        [str(VENV / "bin" / "ruff"), "format", "--check", "--quiet", "."],
        [str(VENV / "bin" / "ruff"), "check", "--quiet", "."],
        [python, "-m", "pytest", "--quiet", "--numprocesses", "auto", "tests/unit"],
    ]
    types = [python, "-m", "pyright", "--level", "error"]
    with ThreadPoolExecutor() as pool:
        # Beside the others, so what it says is kept until they are done.
        beside = pool.submit(subprocess.run, types, cwd=REPOSITORY, check=False, text=True, stdout=subprocess.PIPE)
        failed = [subprocess.run(command, cwd=REPOSITORY, check=False).returncode != 0 for command in commands]
    print(beside.result().stdout, end="")
    return int(any(failed) or beside.result().returncode != 0)


def test() -> int:
    """Every test but the long ones, on a cluster and a stack of its own."""
    with _prepared():
        if not venv.install(("requirements-newest.txt",), _NEWEST):
            return 1
        with ThreadPoolExecutor() as pool:
            # On the other core: the live tests mostly wait.
            on_newest = pool.submit(newest)
            # What fails soonest first; the live tests end with the stack's destruction.
            done = [
                _pytest("--numprocesses", "auto", "tests/unit"),
                _pytest("tests/hardening", "tests/browser", "tests/live"),
            ]
        failed = on_newest.result().returncode != 0
        *told, count = on_newest.result().stdout.strip().splitlines() or [""]
        print(
            "\n".join([*told, count])
            if failed
            else f"The program's unit tests on the newest Pulumi: {count.strip(' =')}"
        )
    return int(failed or any(done))


def e2e() -> int:
    """The long tests: every recipe, the prod stack, random routes, every cause of a failed `up`, no request lost."""
    with _prepared():
        return _pytest("tests/e2e")


@contextmanager
def _prepared() -> Generator[None]:
    """The tools are there, and no other tests are running."""
    preflight.check_possible()
    with locked(
        state_root() / "test.lock", lambda holder: print(f"Another make test ({holder}) runs: waiting for it.")
    ):
        with Progress() as progress:
            tools = supplies.for_stack_on_local_cluster(progress)
            stack.prepare(tools)
            system.ensure(["chromium"], progress)
        yield


def _pytest(*arguments: str) -> int:
    command = [VENV / "bin" / "python", "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=_without_users_own(), check=False).returncode


def _without_users_own() -> dict[str, str]:
    """Nothing that leads a test to a backend, a cluster or a chat of the user's."""
    theirs = ("PULUMI_", "KUBECONFIG", "CHAT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(theirs)}


def newest() -> subprocess.CompletedProcess[str]:
    """The program's unit tests with the newest Pulumi, kubernetes provider and pydantic: what it must run on unchanged.

    The tests of `local` are left out, and what the live tests share: it brings its own tools, at one version.
    """
    selection = ["tests/unit", "--ignore", "tests/unit/local", "--confcutdir", "tests/unit"]
    command = [_NEWEST / "bin" / "python", "-m", "pytest", *selection]
    return subprocess.run(command, cwd=REPOSITORY, check=False, text=True, stdout=subprocess.PIPE)


def lock() -> int:
    """Pin what the .in files ask for, with hashes, for every platform from Python 3.11 on."""
    for name in _LOCKED:
        command = ["uv", "pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--universal"]
        command += ["--python-version", "3.11", "--no-emit-find-links", "--no-emit-index-url"]
        command += ["--custom-compile-command", "make lock", "--output-file", f"{name}.txt", f"{name}.in"]
        subprocess.run([VENV / "bin" / command[0], *command[1:]], cwd=REPOSITORY, check=True)
    return 0
