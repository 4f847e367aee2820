"""Reachability of hosts: tested with the right scheme and a short timeout."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.toolchain import reach
from local.toolchain.reach import origin, reachable
from tests.unit.web import Web, serving


@pytest.fixture(autouse=True)
def directly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use no proxy and no cached results."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    reach.answers.cache_clear()
    yield
    reach.answers.cache_clear()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://proxy.example/go/", "https://proxy.example"),
        ("http://proxy.example:8080", "http://proxy.example:8080"),
        ("https://ada:secret@proxy.example/", "https://proxy.example"),
        ("direct", ""),
        ("off", ""),
        ("file:///var/modules", ""),
    ],
)
def test_an_origin_has_no_path_and_no_credentials(url: str, expected: str) -> None:
    assert origin(url) == expected


def test_an_origin_is_tested_with_its_scheme_and_port() -> None:
    with serving(Web(status=404)) as web:
        assert reachable(frozenset([web.url])) == {web.url}


def test_a_server_that_does_not_run_is_unreachable() -> None:
    with serving(Web()) as gone:
        pass
    assert reachable(frozenset([gone.url])) == frozenset()


def test_a_silent_server_is_unreachable_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert reachable(frozenset([f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"])) == frozenset()


def test_a_server_of_another_protocol_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        with ThreadPoolExecutor() as pool:
            greeting = pool.submit(_greet, server)
            assert reachable(frozenset([address])) == frozenset()
            greeting.result(timeout=10)


def _greet(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"220 mail.example ESMTP\r\n")
