"""Read the output of the suite, a Go test binary with `-test.v=test2json`, while it runs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, cast

Verdict = Literal["PASS", "FAIL", "SKIP"]

_MARK = "\x16"
_RUNS = re.compile(r"=== (?:RUN|NAME) +TestConformance(?:/([^/\s]+))?")
_ENDED = re.compile(r"\s*--- (PASS|FAIL|SKIP): TestConformance/([^/\s]+) \((\d+\.\d+)s\)$")
_SKIPPED = re.compile(r"Skipping \S+: suite does not support (\S+)$")
_REASON = re.compile(r"\s*(?:Error|Messages):\s+(\S.*)$")
_SHOWN_REASONS = 4


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one test of the suite."""

    name: str
    verdict: Verdict
    seconds: float
    feature: str | None = None
    """The missing feature for which the test was skipped."""
    reasons: tuple[str, ...] = ()
    """The last messages of its assertions."""


@dataclass
class _Test:
    feature: str | None = None
    reasons: list[str] = field(default_factory=list[str])


def plain(line: str) -> str:
    """Return the line without the mark of test2json, which sets it apart from the output of tests."""
    return line.removeprefix(_MARK)


def finished(lines: Iterable[str]) -> Iterator[Result]:
    """Yield each test as soon as it has ended. Subtests do not count: they end before the test, and make it fail."""
    tests: dict[str, _Test] = {}
    current = _Test()
    for line in map(plain, lines):
        if runs := _RUNS.match(line):
            current = tests.setdefault(runs[1] or "", _Test())
        elif ended := _ENDED.match(line):
            test = tests.pop(ended[2], _Test())
            yield Result(
                name=ended[2],
                verdict=cast(Verdict, ended[1]),
                seconds=float(ended[3]),
                feature=test.feature,
                reasons=tuple(test.reasons[-_SHOWN_REASONS:]),
            )
        elif skipped := _SKIPPED.search(line):
            current.feature = skipped[1]
        elif reason := _REASON.match(line):
            current.reasons.append(reason[1])
