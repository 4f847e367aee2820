"""Polling, for conditions that send no event, such as a count in a status."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], patience_s: float = 60) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {patience_s:.0f} s"
        time.sleep(0.05)
