"""The requests of tests/cases: explain names the rule that takes each, or the first reason why none does."""

from collections.abc import Iterator

import pytest

from explain import Verdict
from tests.cases.case import Asked, Case, load
from tests.unit.explain.asked import explained


def _asked() -> Iterator[tuple[Case, Asked]]:
    for case in load():
        for asked in case.requests:
            yield case, asked


def _taker(verdict: Verdict) -> str | None:
    return f"{verdict.taken.route.name}/{verdict.taken.rule}" if verdict.taken else None


def _refusal(verdict: Verdict) -> str | None:
    if verdict.taken:
        return None
    return (verdict.refusal or verdict.nearest[0]).reason.code


@pytest.mark.parametrize(
    ("case", "asked"), [pytest.param(case, asked, id=f"{case.name}: {asked.request}") for case, asked in _asked()]
)
def test_the_request_of_a_case_is_taken_or_refused_as_the_case_says(case: Case, asked: Asked) -> None:
    verdict = explained(case.stack, asked.request)
    answer = verdict.taken.answer.status if verdict.taken and verdict.taken.answer else None
    assert (_taker(verdict), answer, _refusal(verdict)) == (asked.taken_by, asked.answer, asked.refused)
    assert bool(verdict.untaken) == (verdict.taken is None and verdict.refusal is None)
    assert verdict.untaken is None or verdict.untaken.end == asked.end


@pytest.mark.parametrize(
    ("case", "asked"),
    [pytest.param(case, asked, id=f"{case.name}: {asked.request}") for case, asked in _asked() if asked.answer == 500],
)
def test_an_answer_of_500_names_the_problem_that_the_checks_find(case: Case, asked: Asked) -> None:
    taken = explained(case.stack, asked.request).taken
    assert taken and taken.answer and taken.answer.refusal and case.problem
    named = taken.answer.refusal
    kind, name = case.problem.object.split()
    assert named.reason.code == case.problem.code
    assert named.what.startswith(f"{kind} chat/{name}: {case.problem.at}")
