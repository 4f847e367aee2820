"""Who may change a directory: the owner and the mode of everything in it and of everything on the way to it."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISVTX

from local.paths import OTHERS_WRITE


def others_may_change(directory: Path) -> str | None:
    """Say why others than this user and root may change what the directory has. None if nobody else may.

    The way to it counts too, with the target of each link: whoever may rename a directory on it can put another one in
    its place.
    """
    try:
        reasons = [_open(path, is_on_the_way=True) for path in _way(directory)]
        reasons += [_open(path) or _leads_out(path, directory) for path in (directory, *directory.rglob("*"))]
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        return str(error)
    return next(filter(None, reasons), None)


def _way(path: Path) -> Iterator[Path]:
    """Yield every directory and link on the way to `path`."""
    for step in reversed(path.parents):
        yield step
        if step.is_symlink():
            target = step.parent / step.readlink()
            yield from _way(target)
            yield target


def _open(path: Path, *, is_on_the_way: bool = False) -> str | None:
    found = path.lstat()
    mode = S_IMODE(found.st_mode)
    if found.st_uid not in (0, os.geteuid()):
        return f"{path} belongs to another user, UID {found.st_uid}"
    # In a directory like /tmp nobody can rename or delete what belongs to another user.
    is_shared = is_on_the_way and S_ISDIR(found.st_mode) and mode & S_ISVTX
    if mode & OTHERS_WRITE and not S_ISLNK(found.st_mode) and not is_shared:
        return f"{path} has mode {mode:04o}"
    return None


def _leads_out(path: Path, directory: Path) -> str | None:
    if path.is_symlink() and not path.resolve(strict=True).is_relative_to(directory.resolve()):
        return f"{path} is a link out of the directory"
    return None
