"""The stack that plain `pulumi` uses. Targets of make always name their stack, and do not change the user's choice."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from local.paths import REPOSITORY
from local.venv import VENV
from tools.environment import LOCAL_CONTEXT, variables

_DEFAULT = "dev"


def is_in_reach(context: str) -> bool:
    """Tell whether plain `pulumi` reads the backend of `context`. A backend of the user's own serves all contexts."""
    return context == LOCAL_CONTEXT or bool(os.environ.get("PULUMI_BACKEND_URL"))


@contextmanager
def kept() -> Iterator[None]:
    """Keep the selected stack over the block. If it no longer exists afterwards, select `dev` if that exists.

    Pulumi has one selection for all backends, and `pulumi stack rm` clears it, whichever stack it removes.
    """
    before = selected()
    try:
        yield
    finally:
        for name in dict.fromkeys([before, _DEFAULT]):
            if name and _run("stack", "select", name) is not None:
                break


def selected() -> str | None:
    """Return the name of the stack that plain `pulumi` uses; None if there is none."""
    return _run("stack", "--show-name")


def _run(*arguments: str) -> str | None:
    """Return what plain `pulumi` prints; None if it fails."""
    command = [VENV / "bin" / "pulumi", "--cwd", REPOSITORY, "--non-interactive", *arguments]
    done = subprocess.run(
        command, env=variables(LOCAL_CONTEXT), capture_output=True, text=True, errors="replace", check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
