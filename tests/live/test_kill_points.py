"""A run that is killed with all its processes: the same command completes it. `make faults` has fifty such moments."""

from collections.abc import Iterator

import pytest

from tests.conftest import TestCluster
from tests.live.kill_points import (
    ADDED_APP,
    DESTROY,
    FIRST_UP,
    REMOVED_APP,
    UPDATE,
    Change,
    SmallStack,
    check_completed,
    small_stack,
)
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


@pytest.mark.fault(
    "`make up` is killed while it creates an app (SIGKILL), and the app is then removed from the config",
    "The next `make up` leaves nothing of the app",
)
def test_an_app_that_is_removed_after_a_kill_leaves_nothing(small: SmallStack) -> None:
    small.kill_when(ADDED_APP, "waiting for Deployment shop")
    assert small.unfinished()
    check_completed(small, REMOVED_APP)
    assert [name for _, _, name in small.marked() if "shop" in name] == []
