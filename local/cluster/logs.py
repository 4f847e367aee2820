"""The components' log files: show the last lines, and limit the size."""

import os
import shutil
from pathlib import Path

_MAX_BYTES = 16 << 20


def tail(log: Path, lines: int = 8) -> str:
    """Return the last lines of a log, indented."""
    last = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join(f"    {line[:300]}" for line in last)


def rotate(directory: Path) -> None:
    """Rotate each log that is too large to `.log.1`."""
    for log in directory.glob("*.log"):
        if log.stat().st_size > _MAX_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
