"""A real Envoy with what the judge makes of the cases of tests/cases: it takes each request as the case says."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from checks.schema import Crds
from explain import explain
from judge.request import request as question
from local.toolchain import Tools
from tests.cases import builders
from tests.cases.builders import Manifest
from tests.cases.case import Asked, Case, load, with_common
from tests.live.conftest import Judged
from tests.live.tables import Table, tables
from tools.ask import Answer, EnvoyError, NotAnswered, ask

_CASES = [case for case in load() if any(asked.request.has_http for asked in case.requests)]
_TABLES, _REQUESTS, _PORT = 40, 30, 8000
_NO_LISTENER = "not-listening"
_REJECTED_TABLE = "host-on-two-listeners"

Gateways = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def gateways(judged_by: Judged, crds: Crds) -> Mapping[str, Gateways]:
    """The xDS resources of every Gateway, by the name of the case."""
    answers = judged_by(question(case.on_cluster, crds) | {"withXds": True} for case in _CASES)
    return {case.name: answer.get("xds", {}) for case, answer in zip(_CASES, answers, strict=True)}


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_envoy_takes_the_requests_of_the_case(case: Case, gateways: Mapping[str, Gateways], tools: Tools) -> None:
    asked = [each for each in case.requests if each.request.has_http]
    requests = [each.request for each in asked]
    try:
        found = [ask(each, requests, program=tools.program("envoy")) for each in gateways[case.name].values()]
    except EnvoyError:
        # Envoy keeps the table that it had before.
        assert {each.refused for each in asked} == {_REJECTED_TABLE}
        return
    left_out = any(needs for _, needs in found)
    for number, each in enumerate(asked):
        answers = [of_gateway[number] for of_gateway, _ in found]
        agree = [_agrees(each, answer, left_out=left_out) for answer in answers]
        assert any(agree) if answers else each.end == _NO_LISTENER, f"{each}\n{answers}"


@settings(
    max_examples=_TABLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(table=tables(_REQUESTS))
def test_every_verdict_on_a_random_table_is_that_of_envoy(
    table: Table, tools: Tools, judged_by: Judged, crds: Crds
) -> None:
    objects = with_common([*map(builders.complete, _objects(table))])
    requests = table.requests_to(_PORT)
    (answer,) = judged_by([question(objects, crds) | {"withXds": True}])
    (resources,) = answer["xds"].values()
    verdicts = [explain(objects, request, problems=()) for request in requests]
    try:
        answers, _ = ask(resources, requests, program=tools.program("envoy"))
    except EnvoyError as error:
        assert {verdict.refusal and verdict.refusal.reason.code for verdict in verdicts} == {_REJECTED_TABLE}, error
        return
    for verdict, answer in zip(verdicts, answers, strict=True):
        assert not isinstance(answer, NotAnswered)
        said = f"/{verdict.taken.route.name}/rule/{verdict.taken.rule}/" if verdict.taken else ""
        assert said in answer.route, f"{verdict.request} {verdict.request.headers}: {said}, {answer}"
        assert bool(said) == bool(answer.route), f"{verdict.request} {verdict.request.headers}: {said}, {answer}"


def _objects(table: Table) -> Iterator[Manifest]:
    """A Gateway with the listeners of the table, and its routes."""
    listeners = [
        {"name": f"l{number}", "port": _PORT, "protocol": "HTTP"} | ({"hostname": name} if name else {})
        for number, name in enumerate(table.listeners)
    ]
    yield {"kind": "Gateway", "metadata": {"name": "gate"}, "spec": {"listeners": listeners}}
    yield {"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    for number, route in enumerate(table.routes):
        section = {} if route["listener"] is None else {"sectionName": f"l{route['listener']}"}
        rules = [rule | {"backendRefs": [{"name": "web", "port": 80}]} for rule in route["rules"]]
        names = {"hostnames": route["hostnames"]} if "hostnames" in route else {}
        spec = {"parentRefs": [{"name": "gate"} | section], "rules": rules, **names}
        yield {"kind": route["kind"], "metadata": {"name": f"r{number}"}, "spec": spec}


def _agrees(asked: Asked, answer: Answer | NotAnswered, *, left_out: bool) -> bool:
    if isinstance(answer, NotAnswered):
        return asked.end == _NO_LISTENER
    if asked.refused == _REJECTED_TABLE:
        return False
    if asked.taken_by is None:
        found = bool(answer.status) if asked.end == "not-found" else not answer.status
        return found and not answer.route and not answer.backend
    route, _, rule = asked.taken_by.partition("/")
    number = "" if answer.route.startswith("tlsroute/") else f"{rule}/"  # it has one rule, which Envoy Gateway calls -1
    if f"/{route}/rule/{number}" not in f"{answer.route}/":
        return False
    if asked.answer:
        return answer.status == asked.answer
    return bool(answer.backend) or answer.details == "cors_response" or left_out
