"""kubectl: read a cluster through the kubectl on the PATH."""

import shutil
import subprocess
from collections.abc import Callable

from diagnostics.terminal import printable

_TIMEOUT_S = 20
REQUEST_TIMEOUT = ("--request-timeout", "5s")

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
"""Runs kubectl with these arguments against one cluster, and returns its output as text."""


class Unanswered(Exception):
    """kubectl got no answer; the message has the reason."""


def kubectl(context: str) -> Kubectl | None:
    """kubectl for a kubeconfig context; None when it is not on the PATH. A timeout counts as a failure of kubectl."""
    program = shutil.which("kubectl")
    if program is None:
        return None

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program, "--context", context, *arguments]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,  # for a user without credentials, kubectl asks for a name
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(command, 1, stdout="", stderr=str(error))

    return run


def ask(kubectl: Kubectl, *arguments: str) -> str:
    """The output of a command. Raises Unanswered when it fails."""
    done = kubectl(*arguments, *REQUEST_TIMEOUT)
    if done.returncode != 0:
        raise Unanswered(last_line(done.stderr))
    return done.stdout


def last_line(stderr: str) -> str:
    """The reason of a failure: the lines before it are earlier attempts."""
    return printable(stderr.strip().rpartition("\n")[2])
