"""Processes of the chat's programs, for the tests of their contract."""

import os
import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.toolchain import ensure
from local.toolchain.progress import Progress

_PORT_VARIABLES = {"web": "WEB_PORT", "api": "API_PORT", "crawler": "CRAWLER_PORT"}
NAMES = tuple(_PORT_VARIABLES)
START_S = 10


def program_paths() -> dict[str, Path]:
    """Paths of the programs: from CHAT_..._PROGRAM where it is set, else built from `local/chat`."""
    given = {name: os.environ.get(f"CHAT_{name.upper()}_PROGRAM", "") for name in NAMES}
    paths = {name: Path(path).resolve() for name, path in given.items() if path}
    if missing := set(NAMES) - paths.keys():
        with Progress() as progress:
            tools = ensure(["chat"], progress)
        paths |= {name: tools.program(name) for name in missing}
    return paths


@dataclass
class Program:
    process: subprocess.Popen[bytes]
    url: str

    def wait_until_it_listens(self) -> None:
        address = urlsplit(self.url)
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self.process.poll() is None, "the program ended, see its output"
            try:
                socket.create_connection((str(address.hostname), address.port or 80), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        pytest.fail(f"nothing listens at {self.url} after {START_S} s")


class Programs:
    """Start programs of the chat, each with exactly the given environment."""

    def __init__(self, paths: dict[str, Path], ending: ExitStack) -> None:
        self._paths = paths
        self._ending = ending

    def start(self, name: str, **environment: str) -> Program:
        """Start a program on a free port, and wait until it listens there."""
        port = free_port()
        process = self.launch(name, {_PORT_VARIABLES[name]: str(port)} | environment)
        program = Program(process, f"http://127.0.0.1:{port}")
        program.wait_until_it_listens()
        return program

    def launch(self, name: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([self._paths[name]], env=environment, cwd="/")
        self._ending.callback(process.wait)
        self._ending.callback(process.kill)
        return process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
