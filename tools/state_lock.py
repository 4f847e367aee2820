"""Locks of a stack's state in a backend of files. A run that was killed leaves its lock behind."""

import json
import shlex
import socket
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local.errors import UserError
from local.paths import REPOSITORY
from tools import pulumi_processes
from tools.environment import PROJECT


def release_dead(stack: str, backend_url: str) -> bool:
    """Remove every lock whose holder no longer runs, and tell whether there was one.

    `pulumi cancel` would also remove the lock of a live run.

    Raises UserError for a damaged lock that a running `pulumi` may hold. A backend that is not of files has no such
    locks.
    """
    backend = directory(backend_url)
    if backend is None:
        return False
    removed = False
    for lock in _locks(backend, stack):
        match _holder(lock):
            case None:
                _refuse_if_held(lock, stack, backend)
                print(f"The lock {lock} is damaged, and no pulumi runs that may hold it: it is removed.")
            case host, pid if host == socket.gethostname() and not pulumi_processes.is_pulumi(pid):
                print(f"The lock of the stack {stack} belongs to a pulumi (pid {pid}) that has ended: it is removed.")
            case _:
                continue
        lock.unlink(missing_ok=True)
        lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
        removed = True
    return removed


def is_held(stack: str, backend_url: str) -> bool:
    """Tell whether a backend of files has a lock of the stack, which may belong to a run on another machine."""
    backend = directory(backend_url)
    return backend is not None and bool(_locks(backend, stack))


def directory(backend_url: str) -> Path | None:
    """Return the directory of a backend of files; None for any other backend."""
    parts = urlsplit(backend_url)
    if parts.scheme != "file":
        return None
    # Pulumi takes file://~ and file://./state too, which a URL parser reads as a host.
    return (REPOSITORY / Path(unquote(parts.netloc + parts.path)).expanduser()).resolve()


def _locks(backend: Path, stack: str) -> list[Path]:
    return sorted((backend / ".pulumi" / "locks" / "organization" / PROJECT / stack).glob("*.json"))


def _holder(lock: Path) -> tuple[str, int] | None:
    """Return the host and the PID in a lock; None if the lock is damaged."""
    try:
        document = json.loads(lock.read_bytes())
    except ValueError:
        return None
    match document:
        case {"hostname": str(host), "pid": int(pid)}:
            return host, pid
        case _:
            return None


def _refuse_if_held(lock: Path, stack: str, backend: Path) -> None:
    running = pulumi_processes.running()
    holders = [str(pid) for pid, url in running.items() if url is None or directory(url) == backend]
    if holders:
        raise UserError(
            f"The lock {lock} of the stack {stack} is damaged. It may belong to a pulumi that runs now: "
            f"pid {', '.join(holders)}.",
            "Run the same command again when that has ended. If it does not use this stack, type: "
            f"rm {shlex.quote(str(lock))}",
        )
