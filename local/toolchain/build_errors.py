"""Error messages of failed Go builds."""

import re
from pathlib import Path

from local import disk
from local.errors import UserError

# A finished package (`-v`), a JSON bracket or a download. Error lines have more than one word.
_NO_ERROR = re.compile(r"\s*\S*|go: downloading .*")
_MAX_LINES = 15


def build_error(title: str, log: Path) -> UserError:
    """Return an error with the first error lines of `log`, without the package names that `go build -v` prints."""
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if not _NO_ERROR.fullmatch(line)] or lines[-_MAX_LINES:]
    if full := next(filter(disk.is_full, errors), None):
        return disk.full(f"{title} says {full.strip()}")
    shown = [f"    {line}" for line in errors[:_MAX_LINES]]
    if more := errors[_MAX_LINES:]:
        shown.append(f"    ... and {len(more)} more lines")
    text = "\n".join(shown) or "    it printed nothing"
    return UserError(f"{title} failed:\n{text}", f"Read the full log: {log}. Run the same command again to resume.")
