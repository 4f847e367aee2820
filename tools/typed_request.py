"""The request of `make explain` and `make ask`."""

import sys
from collections.abc import Iterable

from explain import Request, RequestError

NO_REQUEST = 2
"""The exit code for a request that no client could send."""


def read_request(url: str, method: str, headers: Iterable[str]) -> Request | None:
    """The request as it was typed; None, and a message, if no client could send it."""
    try:
        return Request.of(url, method, headers)
    except RequestError as error:
        print(f"error: {error}\n  {error.fix}", file=sys.stderr)
        return None
