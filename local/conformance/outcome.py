"""What came of a run: in numbers, by name for what failed or was left out, and as an exit code."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from local.conformance.exclusions import FEATURES
from local.conformance.report import Report
from local.conformance.results import Result

_NOT_PUBLISHED = "The GatewayClass does not list it in status.supportedFeatures."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`exit_code` is the suite's own; `report` is None when one test ran alone, or the suite ended before it."""

    results: tuple[Result, ...]
    report: Report | None
    exit_code: int

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.verdict == "FAIL")

    @property
    def well(self) -> bool:
        """Something ran and all of it passed, by each of the three accounts."""
        ran = any(result.verdict == "PASS" for result in self.results)
        return ran and not self.failed and self.exit_code == 0 and (self.report is None or self.report.conforms)

    def left_out(self) -> dict[str, list[str]]:
        """Tests by the feature that they were skipped for."""
        tests: dict[str, list[str]] = {}
        for result in self.results:
            if result.verdict == "SKIP" and result.feature is not None:
                tests.setdefault(result.feature, []).append(result.name)
        return tests

    def print(self, console: Console) -> None:
        if tests := self.left_out():
            table = _table("left out", "why", "tests")
            for feature, names in tests.items():
                table.add_row(feature, FEATURES.get(feature, _NOT_PUBLISHED), ", ".join(names))
            console.print(table)
        if self.report is not None:
            _print_report(self.report, console)
        if self.failed:
            table = _table("failed", "what its assertions said last")
            for result in self.failed:
                table.add_row(result.name, "\n".join(result.reasons))
            console.print(table)
            console.print("To run one alone: make conformance RUN=NAME")


def _print_report(report: Report, console: Console) -> None:
    console.print(f"\n{report.implementation}, Gateway API {report.gateway_api}:")
    table = Table("profile", "level", box=None, pad_edge=False)
    for heading in ("passed", "failed", "skipped"):
        table.add_column(heading, justify="right")
    for level in report.levels:
        table.add_row(level.profile, level.level, *map(str, (level.passed, level.failed, level.skipped)))
    console.print(table)
    console.print(f"{len(report.provisional)} provisional tests passed as well.")


def _table(*headings: str) -> Table:
    return Table(*headings, box=None, pad_edge=False, padding=(0, 2, 1, 0))
