"""What the suite says while it runs: the output of a Go test binary with `-test.v=test2json`."""

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
    """One test of the suite. `feature` is what it was skipped for, `reasons` is what its assertions said last."""

    name: str
    verdict: Verdict
    seconds: float
    feature: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass
class _Test:
    feature: str | None = None
    reasons: list[str] = field(default_factory=list[str])


def plain(line: str) -> str:
    """The line without the mark that tells a test's end from a test's own words."""
    return line.removeprefix(_MARK)


def finished(lines: Iterable[str]) -> Iterator[Result]:
    """Each test as soon as it has ended. Parts of tests do not count: they end before the test, and fail it."""
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
