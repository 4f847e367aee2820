"""A full disk, told as one: where there is how much room, and what to do."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from kube.paths import cache_root, state_path
from local.errors import UserError
from local.paths import REPOSITORY

_NEXT_TO_NOTHING = 1 << 20


def is_full(said: str) -> bool:
    """Whether a program's words, or an error's, are those for a full disk. A user's quota is one too."""
    return any(words in said.lower() for words in ("no space left on device", "disk quota exceeded"))


def has_room(place: Path) -> bool:
    """For programs that fail without a word of the disk. What they remove again when they fail shows as room."""
    return _free(place) > _NEXT_TO_NOTHING


def full(what: str) -> UserError:
    """`what` filled it. Which of the disks is not known by every write that fails, so all of ours are shown."""
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
    """That of the nearest directory that is there, for what is not made yet."""
    for path in (place, *place.parents):
        with suppress(OSError):
            return shutil.disk_usage(path).free
    return 0
