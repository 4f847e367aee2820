"""Locate the repository, and the directories that hold this user's state and cache."""

import os
from pathlib import Path

from kube.xdg_directories import cache_root, make_private, state_path
from local.errors import UserError

__all__ = ["OTHERS_WRITE", "REPOSITORY", "cache_root", "private_cache", "private_state", "state_root"]

REPOSITORY = Path(__file__).resolve().parent.parent
OTHERS_WRITE = 0o022
"""Mode bits with which the group or everybody may write to a file or directory."""


def state_root() -> Path:
    """Return the directory for cluster data, Pulumi state and credentials. It is created with mode 0700."""
    return _private(state_path(), "XDG_STATE_HOME")


def private_state(*names: str) -> Path:
    """Return a directory below the state's, which is created with mode 0700. UserError if others could change it."""
    return _private(state_root().joinpath(*names), "XDG_STATE_HOME")


def private_cache(*names: str) -> Path:
    """Return a directory below the cache's, which is created with mode 0700. UserError if others could change it."""
    return _private(_private(cache_root(), "XDG_CACHE_HOME").joinpath(*names), "XDG_CACHE_HOME")


def _private(path: Path, variable: str) -> Path:
    """Create a directory. UserError if it belongs to another user, or if others may write to it."""
    elsewhere = f"set {variable} to another directory."
    try:
        make_private(path)
        found = path.lstat()
        mode = found.st_mode & 0o777
        if found.st_uid == os.geteuid() and not mode & OTHERS_WRITE and mode & 0o077 and not path.is_symlink():
            path.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"The directory {path} cannot be created: {error.strerror}.",
            f"Change its owner to your user, or {elsewhere}",
        ) from error
    if path.is_symlink() or not path.is_dir():
        raise UserError(f"{path} is not a directory of its own.", f"Delete it, or {elsewhere}")
    if found.st_uid != os.geteuid():
        raise UserError(
            f"The directory {path} belongs to another user (UID {found.st_uid}), who could change what runs from it.",
            f"Change its owner to your user, or {elsewhere}",
        )
    if mode & OTHERS_WRITE:
        raise UserError(
            f"Other users may write to the directory {path} (mode {mode:04o}), and could change what runs from it.",
            f"Type: chmod go-w {path}",
        )
    return path
