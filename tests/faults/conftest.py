"""Fixtures of the fault tests: the twin without the fault, the seed, the time limit, and the page of results.

A test that carries `@pytest.mark.fault(...)` and takes the fixture `injected` runs twice. Its twin takes the same steps
without the fault, so that a test whose probe is broken cannot pass.
"""

import random
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from local.toolchain import Tools
from tests.faults.marks import Fault
from tests.faults.results import Results
from tests.faults.small_cluster import small_cluster
from tests.live.test_cluster_lifecycle import Life

_SETUP_LIMIT_S = 900
"""Of the fixtures of one test. The first one starts the cluster and brings the stack up."""
_CLEANUP_S = 120
"""Time for the `finally` blocks of a test that is over its limit, until they are ended too."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=1, help="seed of every random choice of the fault tests; default: 1")
    parser.addoption("--results", default="", metavar="FILE", help="write the page of results after a whole run")
    parser.addoption(
        "--kept", default="", metavar="FILE", help="keep outcomes here; those that passed are not repeated"
    )


def _seed(config: pytest.Config) -> int:
    # A run that names no directory, or another one, reads this file too late for its options.
    seed: Any = config.getoption("seed", 1)
    return seed


def pytest_configure(config: pytest.Config) -> None:
    page = config.getoption("results", "")
    if page:
        kept = config.rootpath / str(config.getoption("kept"))
        config.pluginmanager.register(Results(config.rootpath / page, kept, config, _seed(config)))


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed of the faults: {_seed(config)}"


@pytest.fixture(params=[False, True], ids=["without", "with"])
def injected(request: pytest.FixtureRequest) -> bool:
    """Whether this run has the fault. The other run is its twin, without the fault."""
    return request.param


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    return _seed(pytestconfig)


@pytest.fixture
def chance(request: pytest.FixtureRequest, seed: int) -> random.Random:
    """Random choices from the seed: the same ones in the test and in its twin."""
    return random.Random(f"{seed} {request.node.originalname}")  # noqa: S311 # not for secrets


@pytest.fixture
def small(tools: Tools) -> Iterator[Life]:
    """A cluster of the test's own, without a stack."""
    with small_cluster(tools) as small:
        yield small


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    with _ended_after(_SETUP_LIMIT_S):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    fault = Fault.of(item)
    with _ended_after(fault.limit_s if fault else _SETUP_LIMIT_S):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    with _ended_after(_SETUP_LIMIT_S):
        return (yield)


@contextmanager
def _ended_after(limit_s: float) -> Iterator[None]:
    """Let the test fail if the block takes longer, wherever it waits."""

    def fail(_: int, __: FrameType | None) -> None:
        pytest.fail(f"not done within its time limit of {limit_s:.0f} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, limit_s, _CLEANUP_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
