"""The newest Pulumi, which a user may have, goes on with a stack of the pinned one, and the other way round."""

import json
import os
import re
import subprocess
from collections.abc import Callable

import pytest

from local.toolchain import Tools, ensure
from local.toolchain.pins import PULUMI_NEWEST
from local.toolchain.progress import Progress
from local.venv import VENV
from tests.live.live_stack import LiveStack
from tools.environment import pulumi_home

Pulumi = Callable[..., str]


@pytest.fixture(scope="module")
def newest(stack: LiveStack, tools: Tools) -> Pulumi:
    """The newest engine, with the pinned language host and provider. It returns its output."""
    with Progress() as progress:
        engine = ensure(["pulumi-newest"], progress).directory("pulumi-newest")
    assert PULUMI_NEWEST in subprocess.check_output([engine / "pulumi", "version"], text=True)
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


def _counted(said: str, what: str) -> str:
    found = re.search(rf"(\d+) {what}", said)
    assert found, said
    return found[1]
