"""A cluster and a stack of the tests' own, beside whatever runs on this machine; both end with the tests."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import supplies
from local.cluster.cluster import Cluster
from local.cluster.process import Process
from local.images import archives
from local.paths import REPOSITORY
from local.toolchain import Tools
from local.toolchain.progress import Progress
from tests.live.images import name_envoy_as_released
from tests.live.live_stack import LiveStack, live_stack

if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    # `nohup` and `make` on a terminal start pytest with SIGHUP ignored, and every process of a test would inherit that.
    # A handler protects pytest as well, and is not inherited.
    signal.signal(signal.SIGHUP, lambda *_: None)

TEST_CLUSTER = "test"
API_PORT = 36443
FIRST_ADDRESS = "127.0.1.1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fault(done, must, limit_s=300): what a test does to the system, and what must happen"
    )


class TestCluster:
    """The running cluster of this session."""

    __test__ = False  # for pytest: not a test itself

    def __init__(self) -> None:
        self.cluster = Cluster(TEST_CLUSTER, api_port=API_PORT, first_address=FIRST_ADDRESS)
        self.directory = self.cluster.directory
        self.first_address = FIRST_ADDRESS

    @property
    def kubeconfig(self) -> Path:
        return self.cluster.kubeconfig()

    @property
    def context(self) -> str:
        return self.directory.context

    def up(self) -> None:
        with Progress() as progress:
            tools = supplies.for_stack_on_local_cluster(progress)
            self.cluster.up(tools, archives(tools, progress), progress, lives_with=Process.of(os.getpid()))
        name_envoy_as_released(self.cluster)

    def restart(self) -> None:
        self.cluster.down()
        self.up()

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m local.cluster`, as typed."""
        return subprocess.run(
            [sys.executable, "-m", "local.cluster", "--name", TEST_CLUSTER, *arguments],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture(scope="session")
def tools() -> Tools:
    with Progress() as progress:
        return supplies.for_stack_on_local_cluster(progress)


@pytest.fixture(scope="session")
def cluster() -> Iterator[TestCluster]:
    if os.geteuid() != 0:
        pytest.fail("the live tests start a cluster of their own, and that needs root")
    running = TestCluster()
    running.cluster.down(purge=True)  # what a killed run may have left
    running.up()
    yield running
    running.cluster.down(purge=True)


@pytest.fixture(scope="session")
def stack(cluster: TestCluster) -> Iterator[LiveStack]:
    """The dev stack, up. Its state outlives no session, as its cluster does not."""
    with live_stack("test-stack", cluster.kubeconfig, cluster.context) as stack:
        stack.up()
        stack.remember_first_answers()
        yield stack
