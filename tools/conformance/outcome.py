"""What came of a run: in numbers, by name for what failed or was left out, and as an exit code."""

from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tools.conformance.exclusions import FEATURES
from tools.conformance.report import Report
from tools.conformance.results import Result, Verdict

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
        """Something passed and nothing failed, by the words of the tests, the suite's exit code and its report."""
        well = self._count("PASS") > 0 and not self.failed and self.exit_code == 0
        return well and (self.report is None or self.report.conforms)

    def _count(self, verdict: Verdict) -> int:
        return sum(result.verdict == verdict for result in self.results)

    def left_out(self) -> dict[str, list[str]]:
        """Tests by the feature that they were skipped for."""
        tests: dict[str, list[str]] = {}
        for result in self.results:
            if result.verdict == "SKIP" and result.feature is not None:
                tests.setdefault(result.feature, []).append(result.name)
        return tests

    def print(self, console: Console) -> None:
        if tests := self.left_out():
            console.print("\nLeft out, each with the feature that it tests:")
        for feature, names in tests.items():
            _paragraph(f"{feature}: {FEATURES.get(feature, _NOT_PUBLISHED)}", 2, console)
            _paragraph(", ".join(names), 4, console)
        if self.report is not None:
            _print_report(self.report, console)
        if self.failed:
            console.print("\nFailed, with what their assertions said last (alone: make conformance RUN=NAME):")
        for result in self.failed:
            _paragraph(result.name, 2, console)
            _paragraph("\n".join(result.reasons), 4, console)
        console.print(f"\n{self._count('PASS')} passed, {self._count('FAIL')} failed.")


def _print_report(report: Report, console: Console) -> None:
    console.print(f"\n{report.implementation}, Gateway API {report.gateway_api}:")
    table = Table("profile", "level", box=None, pad_edge=False)
    for heading in ("passed", "failed", "skipped"):
        table.add_column(heading, justify="right")
    for level in report.levels:
        table.add_row(level.profile, level.level, *map(str, (level.passed, level.failed, level.skipped)))
    console.print(table)
    console.print(f"{len(report.provisional)} provisional tests, which no profile counts yet, passed as well.")


def _paragraph(text: str, indent: int, console: Console) -> None:
    # As Text, since what assertions say has brackets, which would be taken for markup.
    console.print(Padding(Text(text), (0, 0, 0, indent), expand=False))
