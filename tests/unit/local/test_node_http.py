"""Requests to a component of a node, with the faults of a server that is killed or of a machine that is busy."""

import asyncio
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import trustme

from local.cluster import node_http
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.node_http import Answer, NoAnswer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# Answers every request with the given bytes and closes the connection. `wait` answers never.
_SERVER = """
import socket, ssl, sys, threading, time

answer, certificate = bytes.fromhex(sys.argv[1]), sys.argv[2]
tls = None
if certificate:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

def serve(connection):
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        connection.recv(4096)
        if answer == b"wait":
            time.sleep(60)
        connection.sendall(answer)
        if not tls:
            connection.shutdown(socket.SHUT_WR)
        connection.close()
    except OSError:
        pass

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
"""

Start = Callable[..., int]


class Host:
    """The network of the host in the place of a node's. It remembers the last socket."""

    made: socket.socket | None = None

    def socket(self, kind: socket.SocketKind, source: str) -> socket.socket:
        self.made = socket.socket(socket.AF_INET, kind)
        self.made.setblocking(False)
        return self.made


HOST = cast(NetworkNamespace, Host())


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a server in a process of its own and returns its port."""
    started: list[subprocess.Popen[str]] = []

    def start(answer: bytes, certificate: str = "") -> int:
        command = [sys.executable, "-c", _SERVER, answer.hex(), certificate]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_answer_is_returned_with_its_status(start: Start) -> None:
    port = start(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[-]\r\n0\r\n\r\n")
    assert asyncio.run(node_http.get(HOST, port, "/readyz")) == Answer(500, b"[-]")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "the connection was closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", "without sending complete message body"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", "closed without an answer"),
        (b"\x16\x03\x01 not HTTP at all\r\n\r\n", "illegal status line"),
        (b"wait", "no answer within 0.4 s"),
    ],
    ids=["closed", "body cut", "head cut", "another protocol", "silent"],
)
def test_no_complete_answer_is_no_answer(
    start: Start, monkeypatch: pytest.MonkeyPatch, answer: bytes, reason: str
) -> None:
    monkeypatch.setattr(node_http, "_TIMEOUT_S", 0.4)
    with pytest.raises(NoAnswer, match=reason):
        asyncio.run(node_http.get(HOST, start(answer), "/readyz"))


def test_a_refused_connection_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswer, match=r"^Connection refused$"):
        asyncio.run(node_http.get(HOST, port, "/readyz"))


def test_missing_credentials_are_no_answer(start: Start) -> None:
    def tls() -> ssl.SSLContext:
        return ssl.create_default_context(cafile="/nowhere/ca.crt")

    with pytest.raises(NoAnswer, match="No such file"):
        asyncio.run(node_http.get(HOST, start(OK), "/readyz", tls))


def test_a_socket_that_cannot_be_made_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Host, "socket", fails)
    with pytest.raises(NoAnswer, match="Too many open files"):
        asyncio.run(node_http.get(HOST, 1, "/readyz"))


def test_requests_work_after_a_timeout_at_any_moment_of_a_busy_machine(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    port = start(OK, str(tmp_path / "server.pem"))
    tls = ssl.create_default_context(cafile=tmp_path / "ca.crt")

    async def run() -> int:
        stalls = 0
        for steps in range(2, 8):
            monkeypatch.setattr(node_http, "_TIMEOUT_S", 0.2)
            host = Host()
            late = asyncio.create_task(node_http.get(cast(NetworkNamespace, host), port, "/readyz", lambda: tls))
            for _ in range(steps):
                await asyncio.sleep(0)
            # Block the event loop until the server's next bytes and the timeout are due at once.
            stalls += bool(host.made and select.select([host.made], [], [], 0.5)[0])
            time.sleep(0.2)
            await asyncio.gather(late, return_exceptions=True)
            monkeypatch.setattr(node_http, "_TIMEOUT_S", 20.0)
            assert await node_http.get(HOST, port, "/readyz", lambda: tls) == Answer(200, b"ok")
        return stalls

    assert asyncio.run(run()) > 0
