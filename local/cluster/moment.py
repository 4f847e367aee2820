"""Moments in the past that stay comparable with timestamps of other processes when the clock is set."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_CLOCK_TOLERANCE = timedelta(seconds=1)


def _seconds_since_boot() -> float:
    """Return a time that setting the clock does not change. It includes the time that the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Moment:
    """A moment, by the clock of that time and by the time since boot."""

    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    boot_s: float = field(default_factory=_seconds_since_boot)

    def precedes(self, timestamp: str | None) -> bool:
        """Report whether a timestamp of the API server, in whole seconds, is from the time between this moment and now.

        If the clock was set back since this moment, timestamps by the new clock count too. A timestamp later than now
        was written before the clock was set back, and does not count.
        """
        time_of = _parsed(timestamp)
        if time_of is None:
            return False
        now = datetime.now(UTC)
        by_new_clock = now - timedelta(seconds=_seconds_since_boot() - self.boot_s)
        earliest = min(self.clock, by_new_clock).replace(microsecond=0)
        return earliest <= time_of <= now + _CLOCK_TOLERANCE


def _parsed(timestamp: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(timestamp)  # pyright: ignore[reportArgumentType] - a TypeError is handled
    except (TypeError, ValueError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
