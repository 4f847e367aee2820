"""The components' log files: show the last lines, and limit the size."""

import logging
import os
from pathlib import Path

_MAX_BYTES = 16 << 20
log = logging.getLogger(__name__)


def tail(path: Path, lines: int = 8) -> str:
    """Return the last lines of a log, indented."""
    last = path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []
    return "\n".join(f"    {line[:300]}" for line in last)


def rotate(directory: Path) -> None:
    """Rotate each log that is too large to `.log.1`, which has its last 16 MiB.

    The components keep their logs open, so a log is truncated and not renamed. It is truncated before its end is
    written, so that this needs no free space on the disk.
    """
    for path in sorted(directory.glob("*.log")):
        try:
            if path.stat().st_size > _MAX_BYTES:
                _rotate(path)
        except OSError as error:
            log.warning("%s is not rotated: %s", path.name, error)


def _rotate(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(-_MAX_BYTES, os.SEEK_END)
        end = file.read(_MAX_BYTES)
    rotated = path.with_suffix(".log.1")
    rotated.unlink(missing_ok=True)
    os.truncate(path, 0)
    try:
        rotated.write_bytes(end)
    except OSError:
        rotated.unlink(missing_ok=True)
        raise
