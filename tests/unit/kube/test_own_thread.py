"""Threads of the program's own."""

import asyncio
import threading

from kube.own_thread import in_own_thread


def test_the_work_begins_before_the_caller_gives_the_event_loop_back() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        may_end.wait(5)
        return "done"

    async def call() -> str:
        running = in_own_thread(work)
        assert begun.wait(5)
        may_end.set()
        return await running

    assert asyncio.run(call()) == "done"
