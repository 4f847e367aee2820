"""`make check`, `make test`, `make e2e`, `make faults` and `make lock`."""

import os
import subprocess
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from local import child, supplies, venv
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
    """Run formatter, linters, import contracts, type checker and unit tests. A failure does not stop the others."""
    python = str(VENV / "bin" / "python")
    with Progress() as progress:
        ensure_manifest(progress)
    commands = [
        [str(VENV / "bin" / "ruff"), "format", "--check", "--quiet", "."],
        [str(VENV / "bin" / "ruff"), "check", "--quiet", "."],
        [str(VENV / "bin" / "lint-imports"), "--no-cache", "--no-logo"],
        *workflows(),
        [python, "-m", "pytest", "--quiet", "--numprocesses", "auto", "tests/unit"],
    ]
    types = [python, "-m", "pyright", "--level", "error"]
    with ThreadPoolExecutor() as pool:
        # The type checker runs at the same time as the others, so its output is printed after theirs.
        beside = pool.submit(child.run, types, cwd=REPOSITORY, stdout=subprocess.PIPE)
        failed = [child.run(command, cwd=REPOSITORY).returncode != 0 for command in commands]
    print(beside.result().stdout, end="")
    return int(any(failed) or beside.result().returncode != 0)


def workflows() -> list[list[str]]:
    """Return the commands that check `.github`: the syntax by its schemas, and what an attacker could use."""
    schema = [str(VENV / "bin" / "check-jsonschema"), "--quiet", "--builtin-schema"]
    files = {kind: sorted(map(str, REPOSITORY.glob(f".github/{kind}/**/*.yml"))) for kind in ("workflows", "actions")}
    return [
        *([*schema, f"vendor.github-{kind}", *found] for kind, found in files.items()),
        # Without --offline it would ask GitHub, and find other things there than a machine without network does.
        [str(VENV / "bin" / "zizmor"), "--offline", "--no-progress", "--quiet", "--strict-collection", ".github"],
    ]


def test() -> int:
    """Run every test except the long ones, on a cluster and a stack of their own."""
    with _prepared("chromium"):
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
    with _prepared("chromium"):
        return _pytest("tests/e2e")


def faults(seed: int, *, resume: bool) -> int:
    """Run the fault tests with the random choices of a seed, and write the page of results.

    With `resume`, tests that have passed in an earlier run with this seed are not run again.
    """
    kept = state_root() / f"faults-{seed}.jsonl"
    with _prepared("faketime"):
        if not resume:
            kept.unlink(missing_ok=True)
        return _pytest("tests/faults", f"--seed={seed}", "--results=docs/reliability.md", f"--kept={kept}")


@contextmanager
def _prepared(*programs: str) -> Generator[None]:
    """Prepare the tools and these programs of the system, and keep other runs of the tests waiting."""
    preflight.check_possible()
    with locked(
        state_root() / "test.lock", lambda holder: print(f"Another make test ({holder}) is running: waiting for it.")
    ):
        with Progress() as progress:
            tools = supplies.for_stack_on_local_cluster(progress)
            stack.prepare(tools)
            system.ensure(programs, progress)
        yield


def _pytest(*arguments: str) -> int:
    command = [VENV / "bin" / "python", "-m", "pytest", *arguments]
    return child.run(command, cwd=REPOSITORY, env=_without_user_settings()).returncode


def _without_user_settings() -> dict[str, str]:
    """Return the environment without variables that would point a test to the user's backend, cluster or chat."""
    settings = ("PULUMI_", "KUBECONFIG", "CHAT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(settings)}


def newest() -> subprocess.CompletedProcess[str]:
    """Run the program's unit tests with the newest Pulumi, kubernetes provider and pydantic.

    The program must run on them unchanged. The tests of `local` are left out: it uses its own tools, in one
    version. So are those of `compare`, which does not use Pulumi.
    """
    selection = [
        "tests/unit",
        "--ignore",
        "tests/unit/local",
        "--ignore",
        "tests/unit/compare",
        "--confcutdir",
        "tests/unit",
    ]
    command = [_NEWEST / "bin" / "python", "-m", "pytest", *selection]
    return child.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE)


def lock() -> int:
    """Pin the requirements of the .in files, with hashes, for every platform and Python 3.11 or newer."""
    for name in _LOCKED:
        command = ["uv", "pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--universal"]
        command += ["--python-version", "3.11", "--no-emit-find-links", "--no-emit-index-url"]
        command += ["--custom-compile-command", "make lock", "--output-file", f"{name}.txt", f"{name}.in"]
        if (code := child.run([VENV / "bin" / command[0], *command[1:]], cwd=REPOSITORY).returncode) != 0:
            return code
    return 0
