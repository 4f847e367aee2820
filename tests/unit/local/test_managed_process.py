"""A component's process: restarts, and probes that fail."""

import asyncio
import logging
import signal
import subprocess
from collections.abc import Callable
from typing import cast

import pytest

from local.cluster import managed_process
from local.cluster.managed_process import ManagedProcess
from local.cluster.node_components import Component
from local.cluster.node_namespaces import Child


class FakeChild:
    """A process that ends when a signal is sent."""

    pid = 1

    def __init__(self) -> None:
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ended(self) -> int:
        return await asyncio.shield(self.code)

    def send(self, number: int) -> None:
        self.code.set_result(-number)


class Starts:
    """Starts children. Each given failure is raised once, first."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.children: list[FakeChild] = []

    def __call__(self, _: Component) -> Child:
        if self.failures:
            raise self.failures.pop(0)
        self.children.append(FakeChild())
        return cast(Child, self.children[-1])


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_process, "_FIRST_BACKOFF_S", 0.001)
    monkeypatch.setattr(managed_process, "_PROBE_INTERVAL_S", 0.001)


def running(process: ManagedProcess, until: Callable[[], bool]) -> None:
    async def run() -> None:
        keeping = asyncio.create_task(process.keep_running({}))
        async with asyncio.timeout(5):
            while not until():
                assert not keeping.done(), keeping.exception()
                await asyncio.sleep(0.001)
        keeping.cancel()

    asyncio.run(run())


def component(*reasons: str | Exception | None) -> Component:
    """Return a component whose probe gives these reasons in turn, and the last one from then on."""
    left = list(reasons)

    async def probe() -> str | None:
        reason = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reason, Exception):
            raise reason
        return reason

    return Component(name="kube-apiserver", command=("true",), probe=probe)


def test_the_reason_of_the_probe_is_shown_until_the_component_is_healthy() -> None:
    problems: list[str | None] = []
    process = ManagedProcess(
        component("Connection refused", "[-]etcd failed", "[-]etcd failed", None),
        Starts(),
        lambda _: problems.append(process.problem),
    )
    running(process, process.healthy.is_set)
    assert problems == [
        "kube-apiserver is starting",
        "kube-apiserver is starting: Connection refused",
        "kube-apiserver is starting: [-]etcd failed",
        None,
    ]
    assert process.row()["state"] == "running"


def test_a_probe_that_fails_is_logged_and_repeated(caplog: pytest.LogCaptureFixture) -> None:
    failure = RuntimeError("File descriptor 7 is used by transport")
    process = ManagedProcess(component(failure, failure, None), Starts(), lambda _: None)
    with caplog.at_level(logging.ERROR):
        running(process, process.healthy.is_set)
    assert [record.message for record in caplog.records] == ["the probe of kube-apiserver failed; it is repeated"]


def test_a_probe_that_keeps_failing_is_the_reason() -> None:
    process = ManagedProcess(component(KeyError("renewTime")), Starts(), lambda _: None)
    running(process, lambda: process.reason is not None)
    assert process.problem == "kube-apiserver is starting: its health is not known: KeyError: 'renewTime'"


@pytest.mark.parametrize(
    "failure",
    [
        OSError(28, "No space left on device"),
        subprocess.SubprocessError("Exception occurred in preexec_fn."),
        ValueError("embedded null byte"),
    ],
)
def test_a_process_that_cannot_be_started_is_retried(failure: Exception) -> None:
    messages: list[str | None] = []
    process = ManagedProcess(component(None), Starts(failure), messages.append)
    running(process, process.healthy.is_set)
    assert process.row()["restarts"] == 1
    assert str(failure) in str(messages[0])


@pytest.mark.parametrize(
    ("number", "shown"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGRTMIN + 1, f"signal {signal.SIGRTMIN + 1}")]
)
def test_a_process_that_ends_is_restarted_and_its_end_is_shown(number: int, shown: str) -> None:
    starts, problems = Starts(), list[str | None]()
    process = ManagedProcess(component("Connection refused", None), starts, lambda _: problems.append(process.problem))

    def restarted() -> bool:
        if len(starts.children) == 1 and process.healthy.is_set():
            starts.children[0].send(number)
        return len(starts.children) == 2

    first = process.started
    running(process, restarted)
    assert process.row()["last_end"] == f"ended by {shown}"
    assert process.started != first
    assert problems[3] == f"kube-apiserver is ended by {shown}, restart in 0.0 s", "the old reason is not shown"
