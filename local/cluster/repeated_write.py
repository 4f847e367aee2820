"""A file whose failed writes are repeated, so that a full disk ends no process."""

import logging
from pathlib import Path

from kube.atomic_write import write_whole

log = logging.getLogger(__name__)


class RepeatedWrite:
    """A file that is replaced whenever its content changes. Call `write` again to repeat a failed write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: str | None = None
        self._error: str | None = None

    def write(self, content: str) -> None:
        """Write the content if the file does not have it yet. A failure is logged once."""
        if content == self._written:
            return
        try:
            write_whole(self._path, content)
        except OSError as error:
            if self._error != str(error):
                log.warning("%s cannot be written; it is repeated: %s", self._path.name, error)
            self._error = str(error)
        else:
            self._written, self._error = content, None
