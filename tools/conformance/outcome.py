"""The outcome of a run: the numbers, the names of tests that failed or were left out, and whether all is well."""

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
    """Results and report of a run."""

    results: tuple[Result, ...]
    report: Report | None
    """The report; None if a single test ran, or if the suite ended before it wrote one."""
    exit_code: int
    """The exit code of the suite."""

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.verdict == "FAIL")

    @property
    def well(self) -> bool:
        """Tell whether some test passed and none failed, by the tests, the suite's exit code and its report."""
        well = self._count("PASS") > 0 and not self.failed and self.exit_code == 0
        return well and (self.report is None or self.report.conforms)

    def _count(self, verdict: Verdict) -> int:
        return sum(result.verdict == verdict for result in self.results)

    def left_out(self) -> dict[str, list[str]]:
        """Return the skipped tests, by the feature that they need."""
        tests: dict[str, list[str]] = {}
        for result in self.results:
            if result.verdict == "SKIP" and result.feature is not None:
                tests.setdefault(result.feature, []).append(result.name)
        return tests

    def print(self, console: Console) -> None:
        if tests := self.left_out():
            console.print("\nTests that were left out, by feature:")
        for feature, names in tests.items():
            _paragraph(f"{feature}: {FEATURES.get(feature, _NOT_PUBLISHED)}", 2, console)
            _paragraph(", ".join(names), 4, console)
        if self.report is not None:
            _print_report(self.report, console)
        if self.failed:
            console.print("\nTests that failed, with their last messages (to run one test: make conformance RUN=NAME):")
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
    console.print(f"{len(report.provisional)} provisional tests passed too; no profile counts them yet.")


def _paragraph(text: str, indent: int, console: Console) -> None:
    # As Text, because rich would read brackets in the messages of assertions as markup.
    console.print(Padding(Text(text), (0, 0, 0, indent), expand=False))
