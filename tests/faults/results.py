"""The page of results, docs/reliability.md. A whole run of the fault tests writes it."""

import json
import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.marks import Fault, faults_in

SUITE = Path(__file__).parent
_ROOT = SUITE.parent.parent
_LIVE = _ROOT / "tests" / "live"
_HEAD = """\
# Reliability

`make faults` writes this page. The fault tests run on clusters of their own. Each has a time limit, and a twin: the
same steps without the fault. A twin that fails shows that the test itself is wrong. Every random choice comes from the
seed, so `make faults SEED=NUMBER` repeats a run. The seconds count the test only, not the
start of its cluster.
"""
_LIVE_HEAD = """\
## Faults that `make test` injects

These tests run with every `make test`, and have no results on this page.
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of one test. `variant` is the part of its ID in brackets."""

    file: str
    test: str
    variant: str
    fault: Fault
    result: str
    """passed, failed or skipped"""
    seconds: float

    @property
    def is_twin(self) -> bool:
        return "without" in self.variant.split("-")


class Results:
    """A plugin of pytest that collects outcomes, and writes the page when every test of the suite has one.

    The file `kept` has the outcomes of earlier runs, one on a line. A test that has passed in one of them is not run
    again.
    """

    def __init__(self, page: Path, kept: Path, config: pytest.Config, seed: int) -> None:
        self.page = page
        self.seed = seed
        self.outcomes: dict[str, Outcome] = {}
        self._kept = kept
        self._config = config
        self._selected = False
        self._collected: set[str] = set()
        self._ended: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for line in self._kept.read_text().splitlines() if self._kept.exists() else ():
            name, outcome = json.loads(line)
            self._ended.add(name)
            if outcome is not None:
                self.outcomes[name] = Outcome(**{**outcome, "fault": Fault(**outcome["fault"])})
        self._collected = {item.nodeid for item in items}
        passed = {name for name in self._ended if name not in self.outcomes or self.outcomes[name].result == "passed"}
        items[:] = [item for item in items if item.nodeid not in passed]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._selected = self._selected or bool(items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        fault = Fault.of(item)
        if fault is not None:
            self._add(item, fault, report)
        if report.when == "teardown":
            self._ended.add(item.nodeid)
            outcome = self.outcomes.get(item.nodeid)
            with self._kept.open("a") as file:
                file.write(json.dumps([item.nodeid, outcome and asdict(outcome)]) + "\n")
        return report

    def _add(self, item: pytest.Item, fault: Fault, report: pytest.TestReport) -> None:
        name, _, variant = item.name.partition("[")
        before = None if report.when == "setup" else self.outcomes.get(item.nodeid)
        bad = next(
            (end for end in ("failed", "skipped") if end in (report.outcome, before and before.result)), "passed"
        )
        self.outcomes[item.nodeid] = Outcome(
            file=item.path.relative_to(self._config.rootpath).as_posix(),
            test=name,
            variant=variant.removesuffix("]"),
            fault=fault,
            result=bad,
            seconds=report.duration if report.when == "call" else before.seconds if before else 0,
        )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if self._is_whole(session):
            self.page.write_text(page(self.outcomes.values(), self.seed, datetime.now(UTC)))
            said = f"The results are in {self.page}."
        else:
            said = f"{self.page} is as before: this was not a whole run."
        if reporter is not None:
            reporter.write_line(f"\n{said}")

    def _is_whole(self, session: pytest.Session) -> bool:
        asked = [Path(argument).resolve() for argument in self._config.args]
        return asked == [SUITE] and not self._selected and self._ended >= self._collected


def page(outcomes: Iterable[Outcome], seed: int, ended: datetime) -> str:
    """Return the page for the outcomes of a whole run."""
    tests: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        tests.setdefault((outcome.file, outcome.test), []).append(outcome)
    rows = [
        (
            of[0].fault.done,
            of[0].fault.must,
            _result([outcome for outcome in of if outcome.is_twin]),
            _result([outcome for outcome in of if not outcome.is_twin]),
            f"{of[0].fault.limit_s:.0f} s",
            _link(file),
        )
        for (file, _), of in tests.items()
    ]
    run = (
        f"## Results of the last run\n\n{ended:%Y-%m-%d}, seed {seed}. To repeat it, type `make faults SEED={seed}`.\n"
    )
    heads = ("What is done", "What must happen", "Without the fault", "With the fault", "Limit", "Test")
    live = [(fault.done, fault.must, _link(file.relative_to(_ROOT).as_posix())) for file, fault in faults_in(_LIVE)]
    return "\n".join([_HEAD, run, _table(heads, rows), _LIVE_HEAD, _table((*heads[:2], "Test"), live)])


def _result(outcomes: Sequence[Outcome]) -> str:
    """Return the results of the runs of one test, with or without its fault, in a few words."""
    if not outcomes:
        return "none"
    seconds = sorted(round(outcome.seconds) for outcome in outcomes if outcome.result != "skipped")
    took = (
        ""
        if not seconds
        else f", {seconds[0]} s"
        if seconds[0] == seconds[-1]
        else f", {seconds[0]} to {seconds[-1]} s"
    )
    counted = {end: [of.variant for of in outcomes if of.result == end] for end in ("passed", "failed", "skipped")}
    if len(outcomes) == 1:
        return f"{outcomes[0].result}{took}"
    words = [f"{len(names)} {end}" for end, names in counted.items() if names]
    failed = f" ({', '.join(counted['failed'])})" if counted["failed"] else ""
    return f"{', '.join(words)}{failed}{took}"


def _link(file: str) -> str:
    return f"[{Path(file).name}](../{file})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
