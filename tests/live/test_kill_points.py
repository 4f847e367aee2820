"""A run that is killed with all its processes: the same command completes it. `make faults` has fifty such moments."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conftest import TestCluster
from tests.live.kill_points import (
    DESTROY,
    FIRST_UP,
    SMALL,
    TWO_APPS,
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
    "`make up` is killed with all its processes (SIGKILL)",
    "The same command completes it",
)
def test_the_same_command_completes_an_up_that_was_killed(small: SmallStack) -> None:
    small.kill_when(FIRST_UP, "waiting for Deployment")
    assert small.unfinished()
    check_completed(small, FIRST_UP)


@pytest.mark.fault(
    "`make up` is killed while it creates an app (SIGKILL), and the app is then removed from the config",
    "The next `make up` leaves nothing of the app",
)
def test_an_app_that_is_removed_after_a_kill_leaves_nothing(small: SmallStack) -> None:
    small.kill_when(Change(name="added-app", before=SMALL, after=TWO_APPS), "waiting for Deployment extra")
    assert small.unfinished()
    check_completed(small, Change(name="removed-app", before=TWO_APPS, after=SMALL))
    assert [name for _, _, name in small.marked() if "extra" in name] == []


@pytest.mark.fault(
    "`make down PURGE=1` is killed with all its processes (SIGKILL)",
    "The same command completes it",
)
def test_the_same_command_completes_a_removal_that_was_killed(small: SmallStack) -> None:
    small.kill_when(replace(DESTROY, before=SMALL), "deleted")
    check_completed(small, DESTROY)
