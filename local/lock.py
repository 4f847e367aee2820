"""One lock per thing that two runs must not make or change at once."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold `path` exclusively; the kernel lets go of it when this process ends, however it ends.

    `waiting` gets the holder ("pid 123") once when the lock is taken by another process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            waiting(f"pid {file.read().strip() or 'unknown'}")
            fcntl.flock(file, fcntl.LOCK_EX)
        # Only for a message: on a full disk `down` must still get to run, as it makes room.
        with suppress(OSError):
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), str(os.getpid()).encode())
        yield
