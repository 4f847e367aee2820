"""The supervisor goes on whatever its probes, its disk and its logs do."""

import asyncio
import errno
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from local.cluster import logs, repeated_write, supervisor
from local.cluster.directory import Directory
from local.cluster.etcd_space import EtcdSpace
from local.cluster.launch_spec import LaunchSpec
from local.cluster.managed_process import ManagedProcess
from local.cluster.moment import Moment
from local.cluster.node_components import Component
from local.cluster.node_http import NoAnswer
from local.cluster.probes import Probes
from local.cluster.settings import Settings
from local.cluster.supervisor import Supervisor


class Answers:
    """Probes that give these answers in turn, and the last one from then on. An exception is raised."""

    def __init__(self, *node: str | Exception | None, pods: list[str] | Exception | None = None) -> None:
        self.node = list(node)
        self.pods = pods or []
        self.asked = 0
        self.listed = 0

    async def node_problem(self, _: Moment) -> str | None:
        self.asked += 1
        answer = self.node.pop(0) if len(self.node) > 1 else self.node[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def pods_not_back(self, _: Moment) -> list[str]:
        self.listed += 1
        if isinstance(self.pods, Exception):
            raise self.pods
        return self.pods

    async def dns(self) -> str | None:
        return None


@pytest.fixture
def made(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(supervisor, "_READY_INTERVAL_S", 0.001)
    monkeypatch.setattr(supervisor, "_UNREADY_INTERVAL_S", 0.001)
    monkeypatch.setattr(supervisor, "_ROTATE_INTERVAL_S", 0.001)
    monkeypatch.setattr(supervisor, "_SPACE_INTERVAL_S", 0.001)
    made = Supervisor(directory, LaunchSpec({}, ()), Settings())
    kubelet = ManagedProcess(Component(name="kubelet", command=("true",)), lambda _: None, lambda _: None)  # type: ignore[arg-type]
    etcd = ManagedProcess(Component(name="etcd", command=("true",)), lambda _: None, lambda _: None)  # type: ignore[arg-type]
    kubelet.healthy.set()
    etcd.healthy.set()
    made._processes = {"etcd": etcd, "kubelet": kubelet}
    yield made


def watched(made: Supervisor, answers: Answers, turns: int = 10) -> None:
    made._changed = asyncio.Event()

    async def run() -> None:
        watching = asyncio.create_task(made._watch(cast(Probes, answers)))
        async with asyncio.timeout(5):
            while answers.asked < turns and not watching.done():
                await asyncio.sleep(0.001)
        assert not watching.done(), watching.exception()
        watching.cancel()

    asyncio.run(run())


def status(directory: Directory) -> dict[str, Any]:
    return json.loads(directory.status.read_text())


def no_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "failure", [KeyError("renewTime"), TypeError("NoneType"), json.JSONDecodeError("cut", "{", 1), RecursionError()]
)
def test_a_check_that_fails_is_reported_and_repeated(
    made: Supervisor, directory: Directory, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    watched(made, Answers(failure))
    assert status(directory)["problem"].startswith(f"the node's health is not known: {type(failure).__name__}")
    with caplog.at_level(logging.INFO):
        watched(made, Answers(failure, None))
    assert status(directory)["problem"] is None
    assert caplog.messages == ["ready"]


def test_a_failure_is_logged_once_with_its_traceback(made: Supervisor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        watched(made, Answers(KeyError("renewTime")))
    assert len(caplog.records) == 1
    assert "Traceback" in caplog.text


def test_pods_that_the_api_server_does_not_list_are_a_problem(made: Supervisor, directory: Directory) -> None:
    watched(made, Answers(None, pods=NoAnswer("Connection refused")))
    assert status(directory)["problem"] == "kube-apiserver does not answer: Connection refused"


def test_pods_are_listed_until_they_are_back_and_not_again_after_a_later_problem(made: Supervisor) -> None:
    answers = Answers(None, "kubelet has ended", None)
    watched(made, answers)
    assert answers.listed == 1
    still_starting = Answers(None, pods=["default/a"])
    made._are_back = False
    watched(made, still_starting)
    assert still_starting.listed >= 9


class Space:
    """The space of an etcd, with these answers in turn, and the last one from then on. An exception is raised."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def keep(self) -> str | None:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def after_keeping(made: Supervisor, space: Space, turns: int) -> str | None:
    """Return the node's problem after this many looks at the space of etcd."""

    async def run() -> str | None:
        keeping = asyncio.create_task(made._keep_space(cast(EtcdSpace, space)))
        async with asyncio.timeout(5):
            while space.asked < turns:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
        assert not keeping.done()
        keeping.cancel()
        return await made._find_problem(cast(Probes, Answers("kubelet is silent")))

    made._changed = asyncio.Event()
    return asyncio.run(run())


def test_a_full_etcd_is_named_before_what_follows_from_it(made: Supervisor) -> None:
    assert after_keeping(made, Space("etcd has no space left"), 2) == "etcd has no space left"
    assert after_keeping(made, Space(None), 2) == "kubelet is silent"


@pytest.mark.parametrize("failure", [NoAnswer("no answer within 60 s"), KeyError("dbSizeInUse")])
def test_a_look_at_the_space_that_fails_is_repeated(
    made: Supervisor, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert after_keeping(made, Space(failure, "etcd has no space left"), 3) == "etcd has no space left"
    assert "the space of etcd is not known" in caplog.text


def test_the_space_is_asked_for_as_soon_as_etcd_answers(made: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_SPACE_INTERVAL_S", 60)
    assert after_keeping(made, Space("etcd has no space left"), 1) == "etcd has no space left"


def test_an_etcd_that_starts_is_not_asked_for_its_space(made: Supervisor) -> None:
    made._processes["etcd"].healthy.clear()
    space = Space("etcd has no space left")
    after_keeping(made, space, 0)
    assert space.asked == 0


def test_a_status_that_cannot_be_written_is_repeated_without_a_change(
    made: Supervisor, directory: Directory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as full:
        full.setattr(repeated_write, "write_whole", no_space)
        watched(made, Answers(None))
    assert not directory.status.exists()
    assert caplog.text.count("No space left on device") == 1
    watched(made, Answers(None))
    assert status(directory)["problem"] is None


def test_a_rotation_that_fails_is_logged_and_repeated(
    made: Supervisor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns = 0

    def fails(_: Path) -> None:
        nonlocal turns
        turns += 1
        raise RuntimeError("a defect")

    monkeypatch.setattr(logs, "rotate", fails)

    async def run() -> None:
        rotating = asyncio.create_task(made._rotate_logs())
        async with asyncio.timeout(5):
            while turns < 3:
                await asyncio.sleep(0.001)
        assert not rotating.done()
        rotating.cancel()

    asyncio.run(run())
    assert "the logs are not rotated" in caplog.text


def test_a_node_that_cannot_be_created_again_is_retried(
    made: Supervisor, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[str | None] = []
    monkeypatch.setattr(supervisor, "restart_backoffs_s", lambda: iter([0.001] * 9))

    async def node() -> None:
        problems.append(made._problem)
        if len(problems) == 1:
            made._has_run = True
        elif len(problems) == 2:
            no_space()
        else:
            made._stopping.set()

    monkeypatch.setattr(made, "_run_node", node)
    asyncio.run(made.run())
    assert problems[-1] == "the node cannot be created again: [Errno 28] No space left on device"


def test_a_first_node_that_cannot_be_created_ends_the_supervisor(
    made: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def node() -> None:
        no_space()

    monkeypatch.setattr(made, "_run_node", node)
    with pytest.raises(OSError, match="No space left"):
        asyncio.run(made.run())
