"""Full disk: recognize it, and report how much room each place has and what to do."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from kube.xdg_directories import cache_root, state_path
from local.errors import UserError
from local.paths import REPOSITORY

_NEXT_TO_NOTHING = 1 << 20


def is_full(said: str) -> bool:
    """Return whether the output of a program, or an error, reports a full disk or an exceeded quota."""
    return any(words in said.lower() for words in ("no space left on device", "disk quota exceeded"))


def has_room(place: Path) -> bool:
    """Return whether `place` has room, for programs that fail without naming the disk.

    Files that such a program removes when it fails count as room again.
    """
    return _free(place) > _NEXT_TO_NOTHING


def full(what: str) -> UserError:
    """Return the error for a disk that `what` filled.

    A failed write does not always name its disk, so the error shows the room in every place.
    """
    places = {
        "XDG_CACHE_HOME": cache_root(),
        "XDG_STATE_HOME": state_path(),
        "TMPDIR": Path(os.environ.get("TMPDIR") or "/tmp"),  # noqa: S108 # only its room is looked at
        "the program and its .venv": REPOSITORY,
    }
    rooms = "\n".join(f"    {_free(place) >> 20} MiB free in {place} ({name})" for name, place in places.items())
    return UserError(
        f"The disk is full: {what}.\n{rooms}",
        "Free some space, or set a variable to another place. The same command again goes on from there.",
    )


def _free(place: Path) -> int:
    """Return the free bytes at `place`, or at its nearest parent that exists."""
    for path in (place, *place.parents):
        with suppress(OSError):
            return shutil.disk_usage(path).free
    return 0
