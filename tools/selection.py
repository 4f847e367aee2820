"""Which stack plain `pulumi` takes: make's targets name theirs each time, and leave the user's choice alone."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from local.paths import REPOSITORY
from local.venv import VENV
from tools.environment import LOCAL_CONTEXT, variables

_USUAL = "dev"


def is_in_reach(context: str) -> bool:
    """Whether plain `pulumi` looks into the backend of `context`: the user's own is one for all contexts."""
    return context == LOCAL_CONTEXT or bool(os.environ.get("PULUMI_BACKEND_URL"))


@contextmanager
def kept() -> Iterator[None]:
    """Have plain `pulumi` take the same stack after the block as before it; `dev`, if it exists, where that is gone.

    Pulumi keeps one selection for all backends, and `pulumi stack rm` takes it back, whichever stack it removes.
    """
    before = _plain("stack", "--show-name")
    try:
        yield
    finally:
        for name in dict.fromkeys([before, _USUAL]):
            if name and _plain("stack", "select", name) is not None:
                break


def _plain(*arguments: str) -> str | None:
    """What `pulumi` prints as a user types it; None when it fails."""
    command = [VENV / "bin" / "pulumi", "--cwd", REPOSITORY, "--non-interactive", *arguments]
    done = subprocess.run(command, env=variables(LOCAL_CONTEXT), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
