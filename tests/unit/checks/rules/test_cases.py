"""The table of sets of objects that the live test shows to Envoy Gateway."""

import pytest

from checks.rules import problems as mistakes
from tests.cases.cases import CASES, VERSION, Case


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_set_of_objects_has_just_the_mistake_that_is_in_it(case: Case) -> None:
    found = mistakes(case.stack, version=VERSION)
    told = [f"{wire['kind']} {wire['metadata']['name']}: {mistake.field}" for wire, mistake in found]
    assert told == ([case.mistake] if case.mistake else []), [str(mistake) for _, mistake in found]
