"""HTTP requests to the components of a node, sent from inside its network."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import h11

from local.cluster.cloud.netns import NetworkNamespace

_TIMEOUT_S = 2.0
_CHUNK = 1 << 16


class NoAnswer(Exception):
    """A request that got no complete answer. The text says why."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


async def get(
    network: NetworkNamespace, port: int, path: str, tls: Callable[[], ssl.SSLContext] | None = None
) -> Answer:
    """GET `path` from `port` of the node's 127.0.0.1. NoAnswer after two seconds, or with the error of the connection.

    `tls` returns the credentials, if the port needs any. They may not exist yet.
    """
    return await _ask(network, port, tls, _TIMEOUT_S, "GET", path)


async def post(
    network: NetworkNamespace, port: int, path: str, tls: Callable[[], ssl.SSLContext], body: bytes, timeout_s: float
) -> Answer:
    """POST JSON to `path` in the same way."""
    return await _ask(network, port, tls, timeout_s, "POST", path, body)


async def _ask(
    network: NetworkNamespace,
    port: int,
    tls: Callable[[], ssl.SSLContext] | None,
    timeout_s: float,
    method: str,
    path: str,
    body: bytes = b"",
) -> Answer:
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await _connect(network, port, tls() if tls else None)
            try:
                return await _exchange(reader, writer, method, path, body)
            finally:
                writer.transport.abort()
    except TimeoutError as error:
        raise NoAnswer(f"no answer within {timeout_s:g} s") from error
    except (OSError, EOFError, ValueError, h11.ProtocolError) as error:
        raise NoAnswer(connection_error(error)) from error


async def _connect(
    network: NetworkNamespace, port: int, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    connection = network.socket(socket.SOCK_STREAM, "0.0.0.0")  # noqa: S104 - in the node's own network
    try:
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    # From here on asyncio owns the socket. A transport outlives a timeout that passes just after the TLS handshake:
    # closing the socket behind its back makes asyncio refuse the next socket with the same descriptor.
    return await asyncio.open_connection(sock=connection, ssl=tls, server_hostname="127.0.0.1" if tls else None)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, body: bytes
) -> Answer:
    exchange = h11.Connection(h11.CLIENT)
    headers = [("Host", "127.0.0.1"), ("Accept", "application/json"), ("Connection", "close")]
    if body:
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    events = [h11.Request(method=method, target=path, headers=headers), h11.Data(data=body), h11.EndOfMessage()]
    writer.write(b"".join(exchange.send(event) or b"" for event in events))
    status, answer = 0, bytearray()
    while True:
        event = exchange.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_CHUNK)
            if not data and exchange.their_state is h11.SEND_RESPONSE:
                raise NoAnswer("the connection was closed without an answer")
            exchange.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            answer += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Answer(status, bytes(answer))


def connection_error(error: Exception) -> str:
    """Return the text of an error of a connection. asyncio's own texts repeat the address."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
