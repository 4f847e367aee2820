"""The file that reports the cloud's state to `status`."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from local.cluster.repeated_write import RepeatedWrite

_RETRY_INTERVAL_S = 5.0


class StatusFile:
    """cloud-status.json: one value per section, replaced by rename whenever a section changes.

    The cloud serves on when the file cannot be written, for example on a full disk. `keep_written` repeats the write.
    """

    def __init__(self, path: Path) -> None:
        self._file = RepeatedWrite(path)
        self._sections: dict[str, Any] = {}

    def set(self, section: str, value: Any) -> None:
        self._sections[section] = value
        self._write()

    async def keep_written(self) -> None:
        """Repeat a failed write until cancelled."""
        while True:
            await asyncio.sleep(_RETRY_INTERVAL_S)
            self._write()

    def _write(self) -> None:
        content = {"pid": os.getpid(), **self._sections, "errors": _errors_in(self._sections)}
        self._file.write(json.dumps(content, indent=1))


def _errors_in(value: Any) -> list[str]:
    """Collect every `error` text at any depth of `value`."""
    if isinstance(value, list):
        return [error for entry in value for error in _errors_in(entry)]
    if isinstance(value, dict):
        own = [value["error"]] if isinstance(value.get("error"), str) else []
        return own + [error for entry in value.values() for error in _errors_in(entry)]
    return []
