"""The problem in each of the cases that the live test shows to Envoy Gateway."""

import pytest

from tests.cases.case import Case, load
from tests.unit.checks.rules.found import found


@pytest.mark.parametrize("case", load(), ids=lambda case: case.name)
def test_a_case_has_exactly_its_problem(case: Case) -> None:
    problem = case.problem
    assert found(*case.stack) == ([(problem.code, problem.object, problem.at)] if problem else [])
