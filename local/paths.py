"""Where this user's cache and state live, by the XDG base directory rules."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def cache_root() -> Path:
    """What can be fetched or built again: tools and images."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synergychat"


def state_root() -> Path:
    """What cannot: cluster data, Pulumi state, credentials. Created 0700."""
    root = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "synergychat"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root
