"""Envoy as a process: it starts with the configuration of a Loopback, and ends with the block."""

import base64
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from local.cluster import kernel
from tools.ask.loopback import Loopback

_START_S = 30.0
_POLL_S = 0.02
_OK = 200
_END_S = 10.0
_CRITICAL = re.compile(r"\[(?:critical|error)\]\[[^]]*\] (?:\[[^]]*\] )?(.+)")
_RECEIVED = re.compile(r"RECEIVED (\d+) (\S+)")


class EnvoyError(Exception):
    """Envoy does not take the configuration, with its own words."""


@dataclass
class Envoy:
    """A running Envoy. `ports` has the port of each listener on 127.0.0.1."""

    loopback: Loopback
    process: "subprocess.Popen[bytes]"
    errors: Path
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    _read: int = 0

    def received(self) -> list[tuple[str, tuple[str, ...]]]:
        """What the stubs have got since the last call: the backend, and the lines of the header."""
        with self.errors.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        found = _RECEIVED.findall(text.decode(errors="replace"))
        lines = [(int(number), base64.b64decode(encoded).decode(errors="replace")) for number, encoded in found]
        return [(self.loopback.backends[number], tuple(header.splitlines())) for number, header in lines]


@contextmanager
def running(program: Path, loopback: Loopback) -> Iterator[Envoy]:
    """Start Envoy and wait until its listeners answer. Raises EnvoyError if it refuses a part of its configuration."""
    errors = loopback.directory / "errors.log"
    command = [program, "--config-path", loopback.bootstrap, "--concurrency", "1", "--disable-hot-restart"]
    with errors.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--log-level", "warning"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            cwd=loopback.directory,
            preexec_fn=kernel.die_with_parent if os.uname().sysname == "Linux" else None,
        )
    try:
        envoy = Envoy(loopback, process, errors)
        _wait(envoy)
        envoy.ports = _ports(loopback)
        yield envoy
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(envoy: Envoy) -> None:
    deadline = time.monotonic() + _START_S
    while envoy.process.poll() is None and time.monotonic() < deadline:
        if _get(envoy.loopback, "/ready")[0] == _OK:
            return
        time.sleep(_POLL_S)
    found = _CRITICAL.findall(envoy.errors.read_text(errors="replace"))
    raise EnvoyError(found[-1] if found else f"it was not ready within {_START_S:.0f} s")


def _ports(loopback: Loopback) -> dict[str, int]:
    code, page = _get(loopback, "/listeners?format=json")
    if code != _OK:
        raise EnvoyError("it does not say on which ports it listens")
    status = json.loads(page)
    return {
        each["name"]: each["local_address"]["socket_address"]["port_value"]
        for each in status.get("listener_statuses", ())
        if "socket_address" in each["local_address"]
    }


def _get(loopback: Loopback, path: str) -> tuple[int, bytes]:
    """Status and body of a page of Envoy's administration; 0 while it does not answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_START_S)
        try:
            connection.connect(str(loopback.admin))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
            response = HTTPResponse(connection)
            response.begin()
            return response.status, response.read()
        except (OSError, HTTPException):
            return 0, b""
