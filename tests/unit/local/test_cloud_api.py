"""The client of the API server, with the answers of a server that is killed while it answers."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.cluster.cloud import api
from local.cluster.cloud.api import Api, ApiError, CallFailed, Manifest
from local.cluster.cloud.watch import Mirror

Scripted = Callable[[Api], Awaitable[Any]]


def with_answers(monkeypatch: pytest.MonkeyPatch, use: Scripted, *answers: bytes | None) -> Any:
    """Call `use` with a client of a server that sends each answer on one connection and closes it. None is silence."""

    async def run() -> Any:
        left = list(answers)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            answer = left.pop(0) if left else None
            if answer is not None:
                writer.write(answer)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        credentials = (
            f"http://{address[0]}:{address[1]}",
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            ("missing.crt", "missing.key"),
        )
        monkeypatch.setattr(api, "_credentials", lambda _: credentials)
        client = Api(Path("kubeconfig"))
        try:
            async with asyncio.timeout(10):
                return await use(client)
        finally:
            await client.close()
            server.close()

    return asyncio.run(run())


def answer(body: Any, cut: int = 0) -> bytes:
    """Return a complete HTTP answer whose body lacks its last `cut` bytes."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    text = text[: len(text) - cut]
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text


def listed(*uids: str) -> bytes:
    items = [{"metadata": {"uid": uid, "resourceVersion": "1"}} for uid in uids]
    return answer({"metadata": {"resourceVersion": "10"}, "items": items})


def event(kind: str, uid: str) -> bytes:
    return json.dumps({"type": kind, "object": {"metadata": {"uid": uid, "resourceVersion": "11"}}}).encode() + b"\n"


@pytest.mark.parametrize(
    "body",
    [answer({"items": []}, cut=3), answer(b""), answer([]), answer(b"null"), b"", b"HTTP/1"],
    ids=["cut", "empty", "list", "null", "no answer", "cut head"],
)
def test_an_answer_that_is_cut_or_odd_is_a_failed_call(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    with pytest.raises(CallFailed):
        with_answers(monkeypatch, lambda client: client.get("/api/v1/services"), body)


@pytest.mark.parametrize(
    "body",
    [event("ADDED", "b")[:20], b"[]\n", event("ADDED", "b") + b'{"type"'],
    ids=["cut", "list", "second cut"],
)
def test_an_event_that_is_cut_or_odd_is_a_failed_call(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    async def watch(client: Api) -> list[Manifest]:
        return [found async for found in client.watch("/api/v1/services", "10")]

    with pytest.raises(ApiError):
        with_answers(monkeypatch, watch, answer(body))


def test_a_silent_watch_ends_with_a_failed_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_WATCH_S", 0.1)
    monkeypatch.setattr(api, "_TIMEOUT_S", 0.2)

    async def watch(client: Api) -> list[Manifest]:
        return [found async for found in client.watch("/api/v1/services", "10")]

    with pytest.raises(httpx.ReadTimeout):
        with_answers(monkeypatch, watch, None)


@pytest.mark.parametrize(
    "lost",
    [
        answer({"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}),
        answer({"type": "ADDED"}),
        answer({"type": "ADDED", "object": None}),
        answer(event("ADDED", "b")[:20]),
        b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
    ids=["410 event", "no object", "null object", "cut", "410 status", "closed"],
)
def test_after_a_lost_watch_the_copy_lacks_what_was_deleted_meanwhile(
    monkeypatch: pytest.MonkeyPatch, lost: bytes
) -> None:
    async def mirror(client: Api) -> set[str]:
        mirror = Mirror(client, "/api/v1/services", "Service", asyncio.Event())
        running = asyncio.create_task(mirror.run())
        async with asyncio.timeout(10):
            while set(mirror.objects) != {"b"}:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
        running.cancel()
        return set(mirror.objects)

    assert with_answers(monkeypatch, mirror, listed("a", "b"), lost, listed("b")) == {"b"}
