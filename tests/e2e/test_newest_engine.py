"""The newest Pulumi, which a user may have, goes on with a stack of the pinned one, and the other way round."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components.platform.sources import cache_directory
from local.paths import REPOSITORY
from local.toolchain import Tools, ensure
from local.toolchain.pins import MANIFEST_SHA256, PULUMI_NEWEST
from local.toolchain.progress import Progress
from local.venv import VENV
from tests.live.live_stack import LiveStack
from tools.environment import pulumi_home

Pulumi = Callable[..., str]


@pytest.fixture(scope="module")
def engine() -> Path:
    """The directory of the newest `pulumi`."""
    with Progress() as progress:
        directory = ensure(["pulumi-newest"], progress).directory("pulumi-newest")
    environment = os.environ | {"PULUMI_HOME": str(pulumi_home())}
    assert PULUMI_NEWEST in subprocess.check_output([directory / "pulumi", "version"], env=environment, text=True)
    return directory


@pytest.fixture(scope="module")
def newest(stack: LiveStack, tools: Tools, engine: Path) -> Pulumi:
    """The newest engine, with the pinned language host and provider. It returns its output."""
    path = (engine, tools.directory("pulumi"), VENV / "bin", stack.environment["PATH"])
    environment = stack.environment | {
        "PATH": os.pathsep.join(map(str, path)),
        "PULUMI_HOME": str(pulumi_home()),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def run(*arguments: str) -> str:
        command = [engine / "pulumi", *arguments, "--stack", "dev", "--non-interactive"]
        done = subprocess.run(
            command, cwd=stack.directory, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_newest_engine_takes_a_stack_over_and_the_pinned_one_takes_it_back(
    stack: LiveStack, original: str, newest: Pulumi
) -> None:
    assert original
    objects = int(_counted(newest("preview", "--expect-no-changes"), "unchanged"))
    assert _counted(newest("up", "--yes", "--skip-preview"), "unchanged") == str(objects)
    newest("refresh", "--yes", "--run-program", "--expect-no-changes")
    newest("destroy", "--yes", "--run-program")
    left = json.loads(newest("stack", "export"))["deployment"].get("resources", [])
    assert [each["urn"] for each in left] == []
    assert int(_counted(newest("up", "--yes", "--skip-preview"), "created")) == objects
    assert stack.request("GET", stack.outputs["urls"]["web"]).status_code == 200
    assert _counted(newest("up", "--yes", "--skip-preview"), "unchanged") == str(objects)
    again = stack.cli("preview", "--expect-no-changes")
    assert again.returncode == 0, again.stdout


def test_a_clone_is_previewed_without_make(engine: Path, tools: Tools, tmp_path: Path) -> None:
    home, programs, clone = tmp_path / "home", tmp_path / "programs", tmp_path / "clone"
    manifests = home / ".cache" / "synergychat" / "manifests"
    manifests.mkdir(parents=True)
    programs.mkdir()
    # Pulumi downloads its provider, and the program its manifest. Here they are put where a download would.
    shutil.copy(cache_directory() / f"{MANIFEST_SHA256}.yaml", manifests)
    for directory in (engine, tools.directory("pulumi"), tools.directory("pulumi-kubernetes")):
        for program in directory.iterdir():
            if not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    python = Path(sys.base_prefix, "bin")
    bare = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    bare |= {"HOME": str(home), "PATH": f"{programs}:{python}:/usr/bin:/bin"}
    bare |= {"PULUMI_HOME": str(home / ".pulumi"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)
    page = (clone / "docs" / "operating.md").read_text()
    (typed,) = re.findall(r"## Without make\n.*?```sh\n(.*?)```", page, re.DOTALL)
    done = subprocess.run(
        ["bash", "-e", "-c", typed], cwd=clone, env=bare, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(_counted(done.stdout, "to create")) > 70


def _counted(said: str, what: str) -> str:
    found = re.search(rf"(\d+) {what}", said)
    assert found, said
    return found[1]
