"""A component under supervision: started once its dependencies are healthy, and restarted whenever it ends."""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from local.cluster.moment import Moment
from local.cluster.node_components import Component
from local.cluster.node_namespaces import Child

_FIRST_BACKOFF_S, _MAX_BACKOFF_S = 0.2, 10.0
_STEADY_S = 30.0
_PROBE_INTERVAL_S = 0.05
_GRACE_PERIOD_S = 5.0
log = logging.getLogger(__name__)


class ManagedProcess:
    """The process of one component.

    `start` starts it. `changed` is called after each change of state, with a message if the change is a problem.
    `reason` says why a process that was started is not healthy yet. `started` is the start of the present process.
    """

    def __init__(
        self, component: Component, start: Callable[[Component], Child], changed: Callable[[str | None], None]
    ) -> None:
        self.component = component
        self.healthy = asyncio.Event()
        self.state = "waiting"
        self.reason: str | None = None
        self.since = datetime.now(UTC)
        self.started = Moment()
        self._start = start
        self._changed = changed
        self._child: Child | None = None
        self._restarts = 0
        self._last_end: str | None = None

    @property
    def problem(self) -> str | None:
        """Say why the component is not healthy; None if it is."""
        if self.healthy.is_set():
            return None
        return f"{self.component.name} is {self.state}{f': {self.reason}' if self.reason else ''}"

    def row(self) -> dict[str, object]:
        """Return this process's row in status.json."""
        return {
            "name": self.component.name,
            "state": self.state,
            "pid": self._child.pid if self._child else None,
            "since": self.since.isoformat(timespec="seconds"),
            "restarts": self._restarts,
            "last_end": self._last_end,
        }

    async def keep_running(self, processes: Mapping[str, "ManagedProcess"]) -> None:
        """Run until cancelled, or until done if the component runs once. `processes` holds its dependencies by name."""
        backoffs_s = restart_backoffs_s()
        clock = asyncio.get_running_loop().time
        while True:
            for need in self.component.needs:
                if not processes[need].healthy.is_set():
                    self._set_state(f"waiting for {need}")
                    await processes[need].healthy.wait()
            started = clock()
            self._last_end = await self._run()
            if self._last_end is None:
                return
            self.healthy.clear()
            self._restarts += 1
            if clock() - started > _STEADY_S:
                backoffs_s = restart_backoffs_s()
            backoff_s = next(backoffs_s)
            state = f"{self._last_end}, restart in {backoff_s:.1f} s"
            self._set_state(state, problem=f"{self.component.name} {state}")
            await asyncio.sleep(backoff_s)

    async def _run(self) -> str | None:
        """Run the process to its end. Return how it ended, or None if it is done."""
        try:
            self.started = Moment()
            self._child = child = self._start(self.component)
        except Exception as error:  # noqa: BLE001 - whatever the reason: the other components go on, and it is retried
            return f"not started: {str(error) or type(error).__name__}"
        self._set_state("starting")
        probing = asyncio.create_task(self._until_healthy())
        try:
            code = await child.ended()
        finally:
            probing.cancel()
        self._child = None
        if self.component.once and code == 0:
            self.healthy.set()
            self._set_state("done")
            return None
        return _end_text(code)

    async def stop(self) -> None:
        """Stop the process, after `keep_running` was cancelled."""
        if self._child is None:
            return
        self._child.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._child.ended(), _GRACE_PERIOD_S)
        except TimeoutError:
            self._child.send(signal.SIGKILL)
            await self._child.ended()
        self._child = None

    async def _until_healthy(self) -> None:
        if self.component.once:
            return
        while (reason := await self._unhealthy()) is not None:
            if reason != self.reason:
                self.reason = reason
                self._changed(None)
            await asyncio.sleep(_PROBE_INTERVAL_S)
        self.healthy.set()
        self._set_state("running")

    async def _unhealthy(self) -> str | None:
        """Run the probe and return its reason. A probe that fails is one more reason, and is repeated."""
        if self.component.probe is None:
            return None
        try:
            return await self.component.probe()
        except Exception as error:
            reason = f"its health is not known: {type(error).__name__}: {error}"
            if reason != self.reason:
                log.exception("the probe of %s failed; it is repeated", self.component.name)
            return reason

    def _set_state(self, state: str, problem: str | None = None) -> None:
        self.state = state
        self.reason = None
        self.since = datetime.now(UTC)
        self._changed(problem)


def restart_backoffs_s() -> Iterator[float]:
    """Yield exponential backoffs in seconds, up to ten."""
    backoff_s = _FIRST_BACKOFF_S
    while True:
        yield backoff_s
        backoff_s = min(backoff_s * 2, _MAX_BACKOFF_S)


def _end_text(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    # A real-time signal has no name.
    return f"ended by {next((known.name for known in signal.Signals if known == -code), f'signal {-code}')}"
