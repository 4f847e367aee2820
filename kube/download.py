"""Download a file within a deadline and a size limit.

Standard library only: set-up imports it before any package is installed.
"""

import time
import urllib.request
from typing import BinaryIO


class TooLargeError(OSError):
    """The answer is larger than the limit."""


def download(url: str, out: BinaryIO, *, stall_s: float, deadline_s: float, largest: int) -> None:
    """Write the answer to `out`. Raises OSError or HTTPException for an answer that is late, too large or incomplete.

    `stall_s` limits each wait for data, and `deadline_s` the whole download.
    """
    deadline, size = time.monotonic() + deadline_s, 0
    with urllib.request.urlopen(url, timeout=stall_s) as answer:  # noqa: S310 # the callers choose the scheme
        while chunk := answer.read1(1 << 20):
            size += len(chunk)
            if size > largest:
                raise TooLargeError(f"it is larger than {largest >> 20} MiB")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not complete after {deadline_s} s")
            out.write(chunk)
        # A connection that breaks off looks like the end of the data. A file has no length.
        if missing := getattr(answer, "length", None):
            raise ConnectionError(f"the connection ended {missing} bytes too early")
