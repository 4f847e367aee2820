"""The Go tests of the stand-in for the chat's public images."""

import os
import shutil
import subprocess

import pytest

from local.paths import REPOSITORY, cache_root
from local.toolchain.pins import GO_WHEEL

_CHAT = REPOSITORY / "local" / "chat"
# Read before the tests of this directory get a cache of their own: Go compiles its packages into the user's cache once.
_KEPT_GO = cache_root() / "go" / GO_WHEEL
# The module needs no other one, so nothing is downloaded: not even a newer Go.
_ENVIRONMENT = os.environ | {
    "CGO_ENABLED": "0",
    "GOFLAGS": "",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "auto",
    "GOWORK": "off",
}


def _go(*arguments: str, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command, *arguments],
        cwd=_CHAT,
        env=_ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def _new_enough() -> str | None:
    """A Go of the version in go.mod: this machine's, or the one that set-up fetched."""
    commands = [shutil.which("go"), *map(str, _KEPT_GO.glob("**/bin/go"))]
    return next((command for command in commands if command and _go("version", command=command).returncode == 0), None)


def test_the_go_tests_of_the_chat_pass() -> None:
    command = _new_enough()
    if command is None:
        pytest.skip("no Go is here yet that can build local/chat: `make test` and `make up` fetch one")
    done = _go("test", "./...", command=command)
    assert done.returncode == 0, done.stdout
