"""Clients that occupy connections of a Gateway with the preset `strict`: others are served meanwhile."""

import asyncio
import contextlib
import resource
import socket
import ssl
import struct
import time
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.asking import address_of
from tests.faults.failing_up import restored
from tests.live.clients import ask, client_hello, seconds_until_closed, trusting_anything
from tests.live.live_stack import LiveStack
from tests.live.recipes import Config, file_with

HOST = "guarded.example.com"
GUARDED: Config = yaml.safe_load(f"""
synergychat:gateways:
  guarded:
    https: {{hosts: {{{HOST}: {{selfSigned: true}}}}}}
    traffic: {{preset: strict}}
synergychat:routes:
  guarded: {{gateway: guarded, hostnames: [{HOST}], backend: web}}
""")
SILENT, SLOW = 1024, 128
"""Connections. Together with a request in the making, each of the slow ones takes one of 256 requests of a rule."""
_HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 1, 3, 4, 6, 7


@pytest.fixture(scope="module")
def guarded(stack: LiveStack) -> Iterator[str]:
    """The address of the Gateway."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with restored(stack):
        stack.file.write_text(file_with(stack.file.read_text(), [GUARDED]))
        stack.up()
        yield address_of(stack, "guarded")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.fault(
    "1,024 connections for TLS send nothing, half of the first message, or stop in the middle of the handshake",
    "Another client is served meanwhile, and each of the connections is closed within 25 seconds.",
)
def test_silent_connections(guarded: str, injected: bool) -> None:
    hello = client_hello(HOST)
    beginnings = [b"", hello[: len(hello) // 2], hello]

    async def run() -> list[float]:
        silent = [
            asyncio.create_task(seconds_until_closed(guarded, 443, beginnings[number % 3], 60))
            for number in range(SILENT if injected else 0)
        ]
        await asyncio.sleep(2)
        await _served(guarded)
        return await asyncio.gather(*silent)

    assert max(asyncio.run(run()), default=0) < 25


@pytest.mark.fault(
    "128 connections send a header or a body one byte a second",
    "Another client is served meanwhile, and each of the connections is closed within 75 seconds.",
)
def test_slow_requests(guarded: str, injected: bool) -> None:
    headers = f"GET / HTTP/1.1\r\nhost: {HOST}\r\nx-slow: ".encode()
    body = f"POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 100000\r\n\r\n".encode()

    async def run() -> list[float]:
        slow = [
            asyncio.create_task(_drip(guarded, (headers, body)[number % 2]))
            for number in range(SLOW if injected else 0)
        ]
        await asyncio.sleep(2)
        await _served(guarded)
        return await asyncio.gather(*slow)

    assert max(asyncio.run(run()), default=0) < 75


@pytest.mark.fault(
    "one HTTP/2 connection begins 20,000 requests and resets each at once",
    "Another client is served meanwhile, and the connection is closed; one that resets nothing stays open.",
)
def test_rapid_resets(guarded: str, injected: bool) -> None:
    with _http2(guarded) as connection:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            for number in range(20_000 if injected else 20):
                stream = 2 * number + 1
                connection.sendall(_frame(_HEADERS, stream, _request(), flags=0x5))
                if injected:
                    connection.sendall(_frame(_RST_STREAM, stream, struct.pack(">I", 8)))
                if number % 4000 == 3999:
                    asyncio.run(_served(guarded))
        asyncio.run(_served(guarded))
        assert _is_open(connection) != injected


async def _served(address: str) -> None:
    """Assert that other clients are answered within seconds."""
    for _ in range(10):
        started = time.monotonic()
        answer = await asyncio.to_thread(ask, address, f"https://{HOST}/")
        assert answer.status_code == 200
        assert time.monotonic() - started < 5


async def _drip(address: str, begun: bytes) -> float:
    """Send one byte a second after these. Return after how many seconds the server ends it."""
    reader, writer = await asyncio.open_connection(address, 80)
    started = time.monotonic()
    with contextlib.suppress(ConnectionError):
        writer.write(begun)
        ended = asyncio.create_task(reader.read())
        while not ended.done() and time.monotonic() - started < 100:
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait([ended], timeout=1)
        ended.cancel()
    writer.transport.abort()
    return time.monotonic() - started


@contextlib.contextmanager
def _http2(address: str) -> Iterator[ssl.SSLSocket]:
    """A connection on which HTTP/2 has begun: https://www.rfc-editor.org/rfc/rfc9113#name-http-2-connection-preface."""
    context = trusting_anything()
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((address, 443), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, b""))
        yield secure


def _frame(kind: int, stream: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _request() -> bytes:
    """The headers of a GET, with the static table: https://www.rfc-editor.org/rfc/rfc7541#appendix-A."""
    method, scheme, path, authority = b"\x82", b"\x87", b"\x84", b"\x01"
    return method + scheme + path + authority + bytes([len(HOST)]) + HOST.encode()


def _is_open(connection: ssl.SSLSocket) -> bool:
    """Whether the server still answers a PING, after all else that it has sent."""
    try:
        connection.sendall(_frame(_PING, 0, b"is there"))
        stream = connection.makefile("rb")
        while len(head := stream.read(9)) == 9:
            payload = stream.read(int.from_bytes(head[:3], "big"))
            if head[3] == _GOAWAY:
                return False
            if (head[3], payload) == (_PING, b"is there"):
                return True
    except (ConnectionError, ssl.SSLError):
        return False
    return False
