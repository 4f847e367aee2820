"""The file that reports the cloud's state to `status`."""

import json
import os
from pathlib import Path
from typing import Any

from kube.atomic_write import write_whole


class StatusFile:
    """cloud-status.json: one value per section, replaced by rename whenever a section changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sections: dict[str, Any] = {}

    def set(self, section: str, value: Any) -> None:
        if section in self._sections and self._sections[section] == value:
            return
        self._sections[section] = value
        errors = _errors_in(self._sections)
        write_whole(self._path, json.dumps({"pid": os.getpid(), **self._sections, "errors": errors}, indent=1))


def _errors_in(value: Any) -> list[str]:
    """Collect every `error` text at any depth of `value`."""
    if isinstance(value, list):
        return [error for entry in value for error in _errors_in(entry)]
    if isinstance(value, dict):
        own = [value["error"]] if isinstance(value.get("error"), str) else []
        return own + [error for entry in value.values() for error in _errors_in(entry)]
    return []
