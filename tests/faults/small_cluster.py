"""A cluster without a stack, which a test may break: it is made for one test and deleted after it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from local.paths import REPOSITORY
from local.toolchain import Tools
from tests.live.test_cluster_lifecycle import Life

NAME = "faults"
API_PORT = 19443
FIRST_ADDRESS = "127.0.8.1"


@contextmanager
def small_cluster(tools: Tools) -> Iterator[Life]:
    """A running cluster."""
    life = Life(tools, NAME, API_PORT, FIRST_ADDRESS)
    life.cluster.down(purge=True)  # what a killed run may have left
    try:
        life.up()
        yield life
    finally:
        life.cluster.down(purge=True)


def problem(life: Life) -> str:
    return life.cluster.status().problem or ""


def cli(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`python -m local.cluster`, as typed; `before` is a command that runs it."""
    command = [*before, sys.executable, "-m", "local.cluster", "--name", NAME, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)


def answers(life: Life, *arguments: str, given: str | None = None) -> bool:
    """Whether kubectl succeeds."""
    try:
        life.kubectl(*arguments, "--request-timeout=10s", given=given)
    except AssertionError:
        return False
    return True
