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
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await _connect(network, port, tls() if tls else None)
            try:
                return await _exchange(reader, writer, path)
            finally:
                writer.transport.abort()
    except TimeoutError as error:
        raise NoAnswer(f"no answer within {_TIMEOUT_S:g} s") from error
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


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> Answer:
    exchange = h11.Connection(h11.CLIENT)
    headers = [("Host", "127.0.0.1"), ("Accept", "application/json"), ("Connection", "close")]
    request = exchange.send(h11.Request(method="GET", target=path, headers=headers))
    writer.write((request or b"") + (exchange.send(h11.EndOfMessage()) or b""))
    status, body = 0, bytearray()
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
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Answer(status, bytes(body))


def connection_error(error: Exception) -> str:
    """Return the text of an error of a connection. asyncio's own texts repeat the address."""
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
