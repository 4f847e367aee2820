"""Timestamps against a clock that was set."""

from datetime import UTC, datetime, timedelta

import pytest

from local.cluster.moment import Moment

TWO_HOURS = timedelta(hours=2)


def stamp(time: datetime) -> str:
    return time.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def test_a_timestamp_between_the_moment_and_now_counts_in_whole_seconds() -> None:
    now = datetime.now(UTC)
    assert Moment().precedes(stamp(now))
    assert not Moment().precedes(stamp(now - timedelta(seconds=2)))
    assert Moment(clock=now - TWO_HOURS).precedes(stamp(now - timedelta(hours=1)))


def test_timestamps_by_a_clock_that_was_set_back_count() -> None:
    before = Moment(clock=datetime.now(UTC) + TWO_HOURS)  # the clock showed two hours more
    assert before.precedes(stamp(datetime.now(UTC)))
    assert not before.precedes(stamp(datetime.now(UTC) - timedelta(minutes=1)))


def test_timestamps_after_the_clock_was_set_forward_count() -> None:
    assert Moment(clock=datetime.now(UTC) - TWO_HOURS).precedes(stamp(datetime.now(UTC)))


def test_a_timestamp_of_the_future_does_not_count() -> None:
    assert not Moment().precedes(stamp(datetime.now(UTC) + TWO_HOURS))


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", 17])
def test_a_missing_or_damaged_timestamp_does_not_count(timestamp: str | None) -> None:
    assert not Moment().precedes(timestamp)


def test_a_timestamp_without_a_time_zone_is_utc() -> None:
    assert Moment().precedes(datetime.now(UTC).replace(tzinfo=None).isoformat())
