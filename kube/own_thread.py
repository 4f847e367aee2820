"""Threads of the program's own, for work that a hook waits for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


def in_own_thread(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> asyncio.Future[_R]:
    """Start a function in a thread of its own at once. The future has its result.

    `asyncio.to_thread` would use those of the SDK, of which there are as many as `--parallel` says. Each waits there
    for an object. When all these objects have failed, the engine waits for their hooks, and no thread is ever free.
    """
    context = copy_context()
    executor = ThreadPoolExecutor(max_workers=1)
    running = executor.submit(lambda: context.run(function, *args, **kwargs))
    executor.shutdown(wait=False)
    return asyncio.wrap_future(running)
