import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest

from local.cluster.cloud import watch
from local.cluster.cloud.api import Api, ApiError, Manifest
from local.cluster.cloud.watch import Mirror, reconcile_on_change

Step = list[Manifest] | Exception


def item(uid: str, version: str = "1", **more: str) -> Manifest:
    return {"metadata": {"uid": uid, "resourceVersion": version}, **more}


class ApiServer:
    """A fake API server that answers each list and each watch with the next given step, then never again."""

    def __init__(self, lists: list[Step], watches: list[Step]) -> None:
        self.lists = lists
        self.watches = watches
        self.watched_from: list[str] = []

    async def get(self, path: str) -> Manifest:
        step = self.lists.pop(0)
        if isinstance(step, Exception):
            raise step
        return {"metadata": {"resourceVersion": "10"}, "items": step}

    async def watch(self, path: str, version: str) -> AsyncIterator[Manifest]:
        self.watched_from.append(version)
        if not self.watches:
            await asyncio.Event().wait()
        step = self.watches.pop(0)
        if isinstance(step, Exception):
            raise step
        for event in step:
            yield event


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_FIRST_BACKOFF_S", 0.001)
    monkeypatch.setattr(watch, "_MAX_RELIST_BACKOFF_S", 0.001)
    monkeypatch.setattr(watch, "_MAX_BACKOFF_S", 0.001)


def mirrored(server: ApiServer) -> dict[str, Manifest]:
    """Return the content of a mirror after all steps of the server."""

    async def run() -> dict[str, Manifest]:
        mirror = Mirror(cast(Api, server), "/api/v1/services", "Service", asyncio.Event())
        running = asyncio.create_task(mirror.run())
        async with asyncio.timeout(5):
            while server.lists or server.watches or not mirror.listed.is_set():
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
        running.cancel()
        return mirror.objects

    return asyncio.run(run())


def test_a_mirror_applies_added_modified_and_deleted_events() -> None:
    events = [
        {"type": "ADDED", "object": item("new", "11")},
        {"type": "MODIFIED", "object": item("old", "12", color="red")},
        {"type": "DELETED", "object": item("gone", "13")},
    ]
    objects = mirrored(ApiServer([[item("old"), item("gone")]], [events]))
    assert set(objects) == {"old", "new"}
    assert objects["old"]["color"] == "red"


def test_listed_objects_have_their_kind() -> None:
    assert mirrored(ApiServer([[item("a")]], []))["a"]["kind"] == "Service"


def test_a_watch_that_ended_resumes_from_the_last_version() -> None:
    server = ApiServer([[]], [[{"type": "BOOKMARK", "object": item("", "42")}]])
    mirrored(server)
    assert server.watched_from == ["10", "42"]


@pytest.mark.parametrize(
    "failure",
    [
        [{"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}],
        ApiError(410, "gone"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("closed"),
        httpx.ReadTimeout("silent"),
        httpx.DecodingError("not gzip"),
        KeyError("object"),
        RecursionError(),
    ],
)
def test_a_failed_watch_is_followed_by_a_new_list(failure: Step) -> None:
    assert set(mirrored(ApiServer([[item("old")], [item("new")]], [failure]))) == {"new"}


def test_listing_is_retried_until_the_api_server_answers() -> None:
    away = [httpx.ConnectError("refused"), ApiError(503, "starting"), httpx.ReadError("reset")]
    assert set(mirrored(ApiServer([*away, [item("a")]], []))) == {"a"}


def test_a_failure_is_retried_without_a_change_and_a_change_is_reconciled() -> None:
    refused = httpx.ConnectError("refused")
    outcomes: list[bool | Exception] = [False, ApiError(500, "oh"), refused, KeyError("ports"), True, True]
    calls = 0

    async def run() -> None:
        changed = asyncio.Event()
        done = asyncio.Event()

        async def reconcile() -> bool:
            nonlocal calls
            outcome = outcomes[calls]
            calls += 1
            if isinstance(outcome, Exception):
                raise outcome
            if outcome:
                done.set()
            return outcome

        running = asyncio.create_task(reconcile_on_change([], changed, reconcile))
        async with asyncio.timeout(5):
            await done.wait()
            await asyncio.sleep(0.02)
            assert calls == 5, "a settled state is not reconciled again"
            done.clear()
            changed.set()
            await done.wait()
        running.cancel()

    asyncio.run(run())
    assert calls == 6
