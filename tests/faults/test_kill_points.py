"""Fifty runs of `make up` and `make down PURGE=1` are killed with all their processes, at moments drawn from the seed.

Four runs make a cycle: the first `up`, an update, a replacement, and the removal. Each is killed and completed, and
the next one starts from there. The stack is the chat, one more app and their routes, on the platform of another
stack. The installation of Envoy Gateway itself is killed in tests/live/test_make.py and interrupted in
tests/live/test_interrupted_up.py.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import TestCluster
from tests.live.kill_points import CYCLE, Change, SmallStack, check_completed, small_stack
from tests.live.live_stack import LiveStack

_POINTS = 50
_LONGEST_DELAY_S = 1.5


@dataclass(frozen=True, kw_only=True)
class KillPoint:
    """A moment in the `share`-th part of `shares` of a run. None of them is a run without a kill."""

    change: Change
    share: int | None = None
    shares: int = 1


def _points() -> Iterator[object]:
    for change in CYCLE:
        yield pytest.param(KillPoint(change=change), id=f"without-{change.name}")
    for n in range(_POINTS):
        cycle, nth = divmod(n, len(CYCLE))
        change = CYCLE[nth]
        shares = len(range(nth, _POINTS, len(CYCLE)))
        yield pytest.param(KillPoint(change=change, share=cycle, shares=shares), id=f"{n + 1:02}-{change.name}")


@pytest.fixture(scope="module")
def small(cluster: TestCluster, stack: LiveStack) -> Iterator[SmallStack]:
    with small_stack(cluster, stack) as small:
        yield small


@pytest.mark.fault(
    "`make up` (first one, update, replacement) or `make down PURGE=1` is killed with all its processes (SIGKILL)",
    "The same command completes it: exit code 0, hosts answer through Envoy, the cluster has the objects of the state "
    "and no others, and the next run changes nothing. After a removal no object of the stack is left",
    limit_s=600,
)
@pytest.mark.parametrize("point", list(_points()))
def test_the_same_command_completes_a_run_that_was_killed(
    request: pytest.FixtureRequest, small: SmallStack, point: KillPoint, seed: int
) -> None:
    chance = random.Random(f"{seed} {request.node.name}")  # noqa: S311 # not for secrets
    small.start_from(point.change)
    if point.share is not None:
        share = (point.share + chance.random()) / point.shares
        small.kill_in(point.change, share, chance.uniform(0, _LONGEST_DELAY_S))
    check_completed(small, point.change)
