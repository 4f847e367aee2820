"""File locks, which keep two runs from changing the same files at the same time."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kube.xdg_directories import make_private


@contextmanager
def locked(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold an exclusive lock on `path`. The kernel releases it when this process ends, for any reason.

    If another process holds the lock, `waiting` is called once with its name ("pid 123").
    """
    make_private(path.parent)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            waiting(f"pid {file.read().strip() or 'unknown'}")
            fcntl.flock(file, fcntl.LOCK_EX)
        # The PID is only for a message. `down` must run even on a full disk, because it frees space.
        with suppress(OSError):
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), str(os.getpid()).encode())
        yield
