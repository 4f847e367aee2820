"""A run that is killed with all its processes: the same command completes it. `make faults` has fifty such moments."""

from collections.abc import Iterator

import pytest

from tests.conftest import TestCluster
from tests.live.kill_points import DESTROY, FIRST_UP, UPDATE, Change, SmallStack, check_completed, small_stack
from tests.live.live_stack import LiveStack


@pytest.fixture(scope="module")
def small(cluster: TestCluster, stack: LiveStack) -> Iterator[SmallStack]:
    with small_stack(cluster, stack) as small:
        yield small


@pytest.mark.fault(
    "`make up` or `make down PURGE=1` is killed half-way with all its processes (SIGKILL)",
    "The same command completes it",
)
@pytest.mark.parametrize("change", [FIRST_UP, UPDATE, DESTROY], ids=lambda change: change.name)
def test_the_same_command_completes_a_run_that_was_killed_half_way(small: SmallStack, change: Change) -> None:
    small.kill_in(change, share=0.5, delay_s=0.1)
    check_completed(small, change)
