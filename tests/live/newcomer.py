"""A user with empty state, who types the targets of make."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local.cluster.directory import DEFAULT_NAME
from local.paths import REPOSITORY

API_PORT = 18443
ADDRESS = "127.0.3.1"


class Newcomer:
    """A user with empty state. The local cluster has other ports, because the usual ones may be in use."""

    def __init__(self, home: Path) -> None:
        self.environment = dict(os.environ) | {"XDG_STATE_HOME": str(home)}
        self.state = home / "synergychat"

    def choose_ports(self) -> None:
        settings = self.state / "clusters" / DEFAULT_NAME / "settings.json"
        settings.parent.mkdir(mode=0o700, parents=True)
        settings.write_text(json.dumps({"api_port": API_PORT, "first_address": ADDRESS}))

    def start(self, *command: str, output: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *command: str) -> tuple[int, str]:
        """Return the exit code and the output of both streams."""
        process = self.start(*command)
        try:
            said, _ = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, said

    def make(self, *arguments: str) -> tuple[int, str]:
        return self.run("make", *arguments)


@contextmanager
def newcomer_in(home: Path) -> Iterator[Newcomer]:
    """Give the user this directory. What a killed run left in it is removed first."""
    if home.exists():
        Newcomer(home).make("down", "PURGE=1")
        shutil.rmtree(home)
    newcomer = Newcomer(home)
    newcomer.choose_ports()
    yield newcomer
    newcomer.make("down", "PURGE=1")
    shutil.rmtree(home)
