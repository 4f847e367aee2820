"""The components' log files: their end, to show to a user, and a bound to their size."""

import os
import shutil
from pathlib import Path

_LARGEST = 16 << 20


def tail(log: Path, lines: int = 8) -> str:
    said = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join(f"    {line[:300]}" for line in said)


def bound(directory: Path) -> None:
    """Components append for weeks: keep the newest part of each log, and the one before as `.log.1`."""
    for log in directory.glob("*.log"):
        if log.stat().st_size > _LARGEST:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
