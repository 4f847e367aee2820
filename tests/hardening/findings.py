"""Findings of scanners, and the exemptions from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, kw_only=True)
class Finding:
    scanner: str
    check: str
    """Name of the check, as the scanner prints it."""
    target: str
    """The object: `Kind/namespace/name`, or `Kind/name` for a cluster-scoped one."""
    detail: str

    def __str__(self) -> str:
        return f"{self.scanner} {self.check}: {self.target}: {self.detail}"


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A finding that is accepted for some objects, and the reason."""

    scanner: str
    check: str
    targets: str
    """A shell pattern of the findings' targets."""
    reason: str

    def covers(self, finding: Finding) -> bool:
        return (self.scanner, self.check) == (finding.scanner, finding.check) and fnmatchcase(
            finding.target, self.targets
        )


def unexempted(findings: Iterable[Finding], exemptions: Iterable[Exemption]) -> list[Finding]:
    """Findings without an exemption."""
    allowed = list(exemptions)
    return [finding for finding in findings if not any(exemption.covers(finding) for exemption in allowed)]


def stale(findings: Iterable[Finding], exemptions: Iterable[Exemption]) -> list[Exemption]:
    """Exemptions that match no finding."""
    found = list(findings)
    return [exemption for exemption in exemptions if not any(exemption.covers(finding) for finding in found)]
