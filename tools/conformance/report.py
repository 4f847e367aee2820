"""The report that the suite writes: its numbers, and whether the implementation conforms."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Level:
    """The tests of one profile at one level of support."""

    profile: str
    level: str
    """core or extended"""
    result: str
    """success, partial (some tests were skipped) or failure"""
    passed: int
    failed: int
    skipped: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers of a whole run."""

    gateway_api: str
    implementation: str
    levels: tuple[Level, ...]
    provisional: tuple[str, ...]
    """Tests that passed and that a later version of the Gateway API may count."""

    @classmethod
    def read(cls, file: Path) -> "Report":
        """Read a report. Raises UserError if the suite wrote none, or something else."""
        try:
            return _parsed(yaml.safe_load(file.read_text()))
        except FileNotFoundError as error:
            raise UserError("The conformance suite ended without a report.") from error
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise UserError(f"The conformance suite's report cannot be read: {error!r}.") from error

    @property
    def conforms(self) -> bool:
        return bool(self.levels) and all(level.result == "success" for level in self.levels)


def _parsed(document: dict[str, Any]) -> Report:
    implementation = document["implementation"]
    return Report(
        gateway_api=document["gatewayAPIVersion"],
        implementation=f"{implementation['project']} {implementation['version']}",
        levels=tuple(level for profile in document["profiles"] for level in _levels(profile)),
        provisional=tuple(document.get("succeededProvisionalTests", ())),
    )


def _levels(profile: dict[str, Any]) -> Iterator[Level]:
    for level in ("core", "extended"):
        # A profile without extended features has no such part.
        if level in profile:
            counts = profile[level]["statistics"]
            yield Level(
                profile=profile["name"],
                level=level,
                result=profile[level]["result"],
                passed=counts["Passed"],
                failed=counts["Failed"],
                skipped=counts["Skipped"],
            )
