"""Locate the repository, and the directory that holds this user's state."""

from pathlib import Path

from kube.xdg_directories import cache_root, state_path
from local.errors import UserError

__all__ = ["REPOSITORY", "cache_root", "state_root"]

REPOSITORY = Path(__file__).resolve().parent.parent


def state_root() -> Path:
    """Return the directory for cluster data, Pulumi state and credentials. It is created with mode 0700."""
    root = state_path()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The directory {root} cannot be created: {error.strerror}.",
            "Change its owner to your user, or set XDG_STATE_HOME to another directory.",
        ) from error
    return root
