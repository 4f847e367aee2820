"""One component as the supervisor keeps it: started when its needs are met, and again whenever it has ended."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from local.cluster.node_components import Component
from local.cluster.node_namespaces import Child

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_STEADY_S = 30.0
_PROBE_S = 0.05
_GRACE_S = 5.0


class ManagedProcess:
    """`start` starts the component's process; `changed` is told of each change, with the problem when it is one."""

    def __init__(
        self, component: Component, start: Callable[[Component], Child], changed: Callable[[str | None], None]
    ) -> None:
        self.component = component
        self.healthy = asyncio.Event()
        self.state = "waiting"
        self.since = datetime.now(UTC)
        self._start = start
        self._changed = changed
        self._child: Child | None = None
        self._restarts = 0
        self._last_end: str | None = None

    def row(self) -> dict[str, object]:
        return {
            "name": self.component.name,
            "state": self.state,
            "pid": self._child.pid if self._child else None,
            "since": self.since.isoformat(timespec="seconds"),
            "restarts": self._restarts,
            "last_end": self._last_end,
        }

    async def keep(self, units: Mapping[str, "ManagedProcess"]) -> None:
        """Until it is cancelled, or done if it is to run once. `units` has those that it may need, by name."""
        pauses = pauses_between_tries()
        clock = asyncio.get_running_loop().time
        while True:
            for need in self.component.needs:
                if not units[need].healthy.is_set():
                    self._become(f"waiting for {need}")
                    await units[need].healthy.wait()
            started = clock()
            self._last_end = await self._run()
            if self._last_end is None:
                return
            self.healthy.clear()
            self._restarts += 1
            if clock() - started > _STEADY_S:
                pauses = pauses_between_tries()
            pause = next(pauses)
            state = f"{self._last_end}, again in {pause:.1f} s"
            self._become(state, problem=f"{self.component.name} {state}")
            await asyncio.sleep(pause)

    async def _run(self) -> str | None:
        """One life of the process; how it ended, or None when it is done."""
        try:
            self._child = child = self._start(self.component)
        except OSError as error:
            return f"not started: {error}"
        self._become("starting")
        becoming = asyncio.create_task(self._until_healthy())
        try:
            code = await child.ended()
        finally:
            becoming.cancel()
        self._child = None
        if self.component.once and code == 0:
            self.healthy.set()
            self._become("done")
            return None
        return _described(code)

    async def stop(self) -> None:
        """End the process, after `keep` was cancelled."""
        if self._child is None:
            return
        self._child.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._child.ended(), _GRACE_S)
        except TimeoutError:
            self._child.send(signal.SIGKILL)
            await self._child.ended()
        self._child = None

    async def _until_healthy(self) -> None:
        if self.component.once:
            return
        while self.component.probe is not None and not await self.component.probe():
            await asyncio.sleep(_PROBE_S)
        self.healthy.set()
        self._become("running")

    def _become(self, state: str, problem: str | None = None) -> None:
        self.state = state
        self.since = datetime.now(UTC)
        self._changed(problem)


def pauses_between_tries() -> Iterator[float]:
    """In seconds, each twice as long as the one before, up to ten."""
    pause = _FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _described(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
