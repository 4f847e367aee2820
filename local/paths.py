"""Where this user's cache and state live, by the XDG base directory rules."""

import os
from pathlib import Path

from local.errors import UserError

REPOSITORY = Path(__file__).resolve().parent.parent


def cache_root() -> Path:
    """What can be fetched or built again: tools and images."""
    return _place("XDG_CACHE_HOME", ".cache") / "synergychat"


def state_root() -> Path:
    """What cannot: cluster data, Pulumi state, credentials. Created 0700."""
    root = place_of_state()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The directory {root} cannot be made: {error.strerror}.",
            "Make it yours, or name another place with XDG_STATE_HOME.",
        ) from error
    return root


def place_of_state() -> Path:
    """Where `state_root` is, or will be."""
    return _place("XDG_STATE_HOME", ".local/state") / "synergychat"


def _place(variable: str, usual: str) -> Path:
    """A relative path counts as not set: the rules demand it."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / usual
