"""Detection of a full disk, and the error that reports the free space."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from kube.xdg_directories import cache_root, state_path
from local.errors import UserError
from local.paths import REPOSITORY

_MIN_FREE_BYTES = 1 << 20


def is_full(output: str) -> bool:
    """Return whether the output of a program, or the text of an error, reports a full disk or an exceeded quota."""
    return any(words in output.lower() for words in ("no space left on device", "disk quota exceeded"))


def has_room(place: Path) -> bool:
    """Return whether the disk of `place` has space left, for programs that fail without a reason.

    A program that removes its files when it fails may leave more space than it had.
    """
    return _free(place) > _MIN_FREE_BYTES


def full(what: str) -> UserError:
    """Return the error for a full disk. `what` is the file, or a clause about what did not fit.

    A failed write does not always name its disk, so the error lists the free space of every directory in use.
    """
    places = {
        "XDG_CACHE_HOME": cache_root(),
        "XDG_STATE_HOME": state_path(),
        "TMPDIR": Path(os.environ.get("TMPDIR") or "/tmp"),  # noqa: S108 # only its free space is read
        "the program and its .venv": REPOSITORY,
    }
    free = "\n".join(f"    {_free(place) >> 20} MiB free in {place} ({name})" for name, place in places.items())
    return UserError(
        f"The disk is full: {what}.\n{free}",
        "Free some space, or set a variable to a directory elsewhere. Then run the same command again to resume.",
    )


def _free(place: Path) -> int:
    """Return the free bytes at `place`, or at its nearest parent that exists."""
    for path in (place, *place.parents):
        with suppress(OSError):
            return shutil.disk_usage(path).free
    return 0
