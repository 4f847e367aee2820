"""Processes of Pulumi on this machine, and the providers that a killed one left running."""

import os
from collections.abc import Iterator
from pathlib import Path

from local.cluster.process import Process
from tools.environment import pulumi_home

_PLUGIN_GRACE_S = 2.0


def end_orphaned_plugins() -> None:
    """Stop the providers that a killed `pulumi` left running."""
    ours = pulumi_home() / "plugins"
    for process in _all():
        try:
            if not (process / "exe").readlink().is_relative_to(ours):
                continue
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            found = Process.of(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has ended, or belongs to another user
        if found is not None and not is_pulumi(parent):
            found.end(_PLUGIN_GRACE_S)


def is_pulumi(pid: int) -> bool:
    """Tell whether the process is a `pulumi`. The system may have given its number to another program since."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi" and Process.of(pid) is not None
    except (FileNotFoundError, ProcessLookupError):
        return False


def running() -> dict[int, str | None]:
    """Return the backend of every `pulumi` by PID; None for a backend that cannot be read."""
    backends = {pid: _backend(pid) for pid in (int(process.name) for process in _all()) if is_pulumi(pid)}
    # A process that ends, or whose program is being loaded, has no variables for a moment.
    return {pid: backend or _backend(pid) for pid, backend in backends.items() if backend or is_pulumi(pid)}


def _all() -> Iterator[Path]:
    return Path("/proc").glob("[0-9]*")


def _backend(pid: int) -> str | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None  # it belongs to another user, or has ended
    prefix = b"PULUMI_BACKEND_URL="
    return next((os.fsdecode(each.removeprefix(prefix)) for each in variables if each.startswith(prefix)), None)
