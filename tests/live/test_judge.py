"""The judge: on the cases of tests/cases it sets the conditions that Envoy Gateway sets on a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from checks.rules import problems
from checks.schema import Crds, validate
from judge.request import request
from judge.verdicts import verdicts
from local.toolchain.pins import ENVOY_GATEWAY
from tests.cases import judged
from tests.cases.builders import Manifest
from tests.cases.case import VERSION, Case, load
from tests.cases.conditions import agrees, conditions
from tests.cases.judged import JudgedCase
from tests.live.conftest import Judged

_CASES = load()
_JUDGED = judged.load()
_ELSEWHERE = judged.elsewhere()
_WITH_STATUS = ("Gateway", "ListenerSet", "EnvoyProxy", "Backend")

Answer = Mapping[str, Any]


@pytest.fixture(scope="module")
def answers(judged_by: Judged, crds: Crds) -> Mapping[str, Answer]:
    """The judge's answers by the name of the case, from one process."""
    stacks = {case.name: case.on_cluster for case in _CASES}
    stacks |= {case.name: case.stack for case in _JUDGED} | _ELSEWHERE
    return dict(zip(stacks, judged_by(request(stack, crds) for stack in stacks.values()), strict=True))


def test_the_judge_is_of_the_release_that_set_up_installs(answers: Mapping[str, Answer]) -> None:
    assert {answer["release"] for answer in answers.values()} == {ENVOY_GATEWAY}


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_the_judge_sets_the_condition_of_the_case(answers: Mapping[str, Answer], case: Case) -> None:
    found = list(_conditions(case, answers[case.name]))
    assert agrees(case, found), f"expected {case.envoy_gateway or 'acceptance'}, found {found}"


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_only_a_case_that_envoy_gateway_refuses_has_a_verdict(answers: Mapping[str, Answer], case: Case) -> None:
    found = [problem for _, problem in verdicts(answers[case.name], case.stack)]
    assert bool(found) <= bool(case.envoy_gateway), [str(each) for each in found]


@pytest.mark.parametrize("case", _JUDGED, ids=[case.name for case in _JUDGED])
def test_what_only_envoy_gateway_refuses_is_told_once_with_its_message(
    answers: Mapping[str, Answer], case: JudgedCase, crds: Crds
) -> None:
    assert _of_checks(case.stack, crds) == []
    found = list(verdicts(answers[case.name], case.stack))
    assert [(manifest["kind"], manifest["metadata"]["name"]) for manifest, _ in found] == [tuple(case.refused.split())]
    assert [(problem.code, problem.words["message"]) for _, problem in found] == [(case.code, case.says)]


@pytest.mark.parametrize("name", _ELSEWHERE)
def test_what_only_a_cluster_has_is_there_and_fine(answers: Mapping[str, Answer], name: str, crds: Crds) -> None:
    assert _of_checks(_ELSEWHERE[name], crds) == []
    assert [str(found) for _, found in verdicts(answers[name], _ELSEWHERE[name])] == []


def _of_checks(stack: Sequence[Manifest], crds: Crds) -> list[str]:
    """What the program finds without the judge."""
    of_schemas = [found for manifest in stack for found in validate(manifest, crds)]
    return [str(found) for found in (*of_schemas, *(found for _, found in problems(stack, version=VERSION)))]


def _conditions(case: Case, answer: Answer) -> Iterator[str]:
    statuses = {(each["kind"], each.get("namespace", ""), each["name"]): each["status"] for each in answer["objects"]}
    for manifest in case.on_cluster:
        kind, metadata = manifest["kind"], manifest["metadata"]
        if kind.endswith(("Route", "Policy")) or kind in _WITH_STATUS:
            status = statuses.get((kind, metadata.get("namespace", ""), metadata["name"]), {})
            yield from conditions({"spec": {}, **manifest, "status": status})
