"""docs/checks.md and the catalogue: no code without a use, and examples that have the problem that they show."""

import re

import pytest

from diagnostics.catalogue import catalogue
from local.paths import REPOSITORY
from tests.cases.configs import ConfigCase, load
from tools.docs import checks

_ROOMS = ("checks", "components", "config", "explain", "gatewayapi", "kube", "preview")
_CODE = re.compile(r"[\"']([a-z0-9]+(?:-[a-z0-9]+)+)[\"']")


def test_the_page_is_what_the_catalogue_and_the_cases_give() -> None:
    assert (REPOSITORY / "docs/checks.md").read_text() == checks.render(), "type: .venv/bin/python -m tools.docs"


def test_every_code_of_the_catalogue_is_used() -> None:
    sources = [path.read_text() for room in _ROOMS for path in (REPOSITORY / room).rglob("*.py")]
    used = {code for source in sources for code in _CODE.findall(source)}
    assert sorted(set(catalogue()) - used) == []


def test_an_example_has_a_code_of_the_catalogue() -> None:
    assert set(checks.examples()) <= set(catalogue())


@pytest.mark.parametrize("case", load(), ids=lambda case: case.code)
def test_the_config_of_an_example_has_just_its_problem(case: ConfigCase) -> None:
    found = [(located.place, located.problem.code) for located in case.problems()]
    assert found == [(f"synergychat:{case.at}", case.code)]
