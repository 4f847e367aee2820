"""Find this user's cache and state directories, by the XDG base directory rules.

Standard library only: set-up imports it before any package is installed.
"""

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the directory for everything that can be downloaded or built again: manifests, tools, images."""
    return _directory("XDG_CACHE_HOME", ".cache") / "synergychat"


def state_path() -> Path:
    """Return the directory for data that cannot be rebuilt. It may not exist yet."""
    return _directory("XDG_STATE_HOME", ".local/state") / "synergychat"


def _directory(variable: str, default: str) -> Path:
    """Return the directory that `variable` names. The rules say to ignore a relative path."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / default


def make_private(path: Path) -> None:
    """Create a directory and its missing parents with mode 0700, whatever the umask is."""
    for directory in (*reversed(path.parents), path):
        if not directory.exists():
            # Another process may create it at the same time.
            directory.mkdir(mode=0o700, exist_ok=True)
