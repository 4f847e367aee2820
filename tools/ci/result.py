"""The files that `make compare` writes for a stack."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

COMMENT = "comment.md"
CHANGES = "changes.json"
LIMITS = {COMMENT: 1_000_000, CHANGES: 20_000_000}
"""Number of bytes of each file that are read."""


class Changes(BaseModel):
    """The part of `changes.json` that the workflows need. `plan` is a digest of everything that the stack declares."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    differs: bool
    deletions: list[Any]
    replacements: list[Any]
    exposure: list[Any]
    """Requests that reach an app they did not reach before, or with less in front of it."""
    summary: str
    plan: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class Result:
    """The comparison of a stack. Without `changes`, it could not be planned, and `comment` says why."""

    stack: str
    comment: str
    changes: Changes | None

    @classmethod
    def of(cls, stack: str, files: dict[str, bytes]) -> "Result":
        """Read the content of the files, which may be missing or wrong."""
        comment = files.get(COMMENT, b"There is no message: look at the log of the run.")[: LIMITS[COMMENT]].decode(
            errors="replace"
        )
        try:
            changes = Changes.model_validate_json(files.get(CHANGES, b"")[: LIMITS[CHANGES]])
        except ValidationError:
            changes = None
        return cls(stack, comment, changes)

    @classmethod
    def in_directory(cls, stack: str, directory: Path) -> "Result":
        found = (directory / name for name in (COMMENT, CHANGES))
        return cls.of(stack, {file.name: file.read_bytes() for file in found if file.exists()})
