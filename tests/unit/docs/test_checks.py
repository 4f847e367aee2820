"""docs/checks.md and the catalogue: no code without a use, and examples that have the problem that they show."""

import re

import pytest

from diagnostics.catalogue import catalogue
from diagnostics.problem import reason
from local.paths import REPOSITORY
from tests.cases import clusters, configs, kubeconfigs, schemas
from tests.cases.clusters import ClusterCase
from tests.cases.configs import ConfigCase
from tests.cases.kubeconfigs import KubeconfigCase
from tests.cases.schemas import SchemaCase
from tests.rooms import PROGRAM
from tools.docs import checks

_CODE = re.compile(r"[\"']([a-z0-9]+(?:-[a-z0-9]+)+)[\"']")
_SHOWN = re.compile(r"\[([a-z0-9-]+)\]\n```$")


def test_the_page_is_what_the_catalogue_and_the_cases_give() -> None:
    assert (REPOSITORY / "docs/checks.md").read_text() == checks.render(), "type: .venv/bin/python -m tools.docs"


def test_the_index_has_every_code_below_its_subject() -> None:
    page = checks.render()
    rows = {
        row.split("]")[0]: row.split(": ", 1)[1].split(", ") for row in re.findall(r"^- \[(.+)$", page, re.MULTILINE)
    }
    indexed = {subject: [link.partition("]")[0][1:] for link in links] for subject, links in rows.items()}
    by_subject: dict[str, list[str]] = {}
    for entry in catalogue().values():
        by_subject.setdefault(entry.subject, []).append(entry.code)
    assert indexed == by_subject


def test_every_code_of_the_catalogue_is_used() -> None:
    sources = [path.read_text() for room in PROGRAM for path in (REPOSITORY / room).rglob("*.py")]
    used = {code for source in sources for code in _CODE.findall(source)}
    assert sorted(set(catalogue()) - used) == []


def test_every_code_of_the_catalogue_has_an_example_that_shows_it() -> None:
    shown = {code: _SHOWN.findall(example) for code, example in checks.examples().items()}
    within = {case.code: case.within for case in configs.load() if case.within}
    assert shown == {code: [within.get(code, code)] for code in catalogue()}


@pytest.mark.parametrize("case", configs.load(), ids=lambda case: case.code)
def test_the_config_of_an_example_has_just_its_problem(case: ConfigCase) -> None:
    found = [(located.place, located.problem.code) for located in case.problems()]
    place = case.at if ".yaml" in case.at else f"synergychat:{case.at}"
    assert found == [(place, case.within or case.code)]


@pytest.mark.parametrize("case", [case for case in configs.load() if case.within], ids=lambda case: case.code)
def test_a_message_contains_the_sentence_of_an_example_without_a_message_of_its_own(case: ConfigCase) -> None:
    (located,) = case.problems()
    assert reason(case.code).rule in located.problem.rule


@pytest.mark.parametrize("case", kubeconfigs.load(), ids=lambda case: case.code)
def test_the_kubeconfig_of_an_example_has_its_problem(case: KubeconfigCase) -> None:
    code, _ = case.found()
    assert code == case.code


@pytest.mark.parametrize("case", clusters.load(), ids=lambda case: case.code)
def test_the_cluster_of_an_example_has_just_its_problem(case: ClusterCase) -> None:
    assert [located.problem.code for located in case.problems()] == [case.code]


@pytest.mark.parametrize("case", schemas.load(), ids=lambda case: case.code)
def test_the_schema_of_an_example_finds_just_its_problem(case: SchemaCase) -> None:
    assert [(problem.field, problem.code) for problem in case.problems()] == [("spec", case.code)]
