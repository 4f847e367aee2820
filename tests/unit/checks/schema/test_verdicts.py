"""The verdict on every object of the table."""

from collections import Counter

import pytest

from checks.schema import Crds, builtin, validate
from tests.unit.checks.schema.verdicts import BUILTIN, CASES, Case, verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_object_has_exactly_the_problems_of_the_table(case: Case, crds: Crds) -> None:
    assert [verdict(problem) for problem in validate(case.manifest, crds)] == case.breaks


@pytest.mark.parametrize("case", BUILTIN, ids=lambda case: case.name)
def test_an_object_of_a_builtin_kind_has_exactly_the_problems_of_the_table(case: Case) -> None:
    found = validate(case.manifest, Crds(builtin.kinds()))
    assert [verdict(problem) for problem in found] == case.breaks


def test_every_kind_of_the_release_has_good_and_bad_objects_in_the_table(crds: Crds) -> None:
    good = Counter(case.manifest["kind"] for case in CASES if not case.breaks)
    bad = Counter(case.manifest["kind"] for case in CASES if case.breaks)
    kinds = {kind for _, kind in crds.kinds}
    assert {kind: (good[kind], bad[kind]) for kind in kinds if good[kind] < 2 or bad[kind] < 3} == {}
