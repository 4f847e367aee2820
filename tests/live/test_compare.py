"""A real Envoy with both sides of random pairs of route tables does with every request what the comparison says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from checks.schema import Crds
from compare.side import Side
from explain import Request
from judge.request import request as question
from local.toolchain import Tools
from tests.cases.case import with_common
from tests.live.conftest import Judged
from tests.live.tables import Table
from tests.unit.compare.plans_of import compared
from tests.unit.compare.route_tables import as_objects, pairs, same_class
from tools.ask import EnvoyError, ask
from tools.ask.ending import ending
from tools.ask.of_plan import Answers
from tools.compare_on_envoy import Ask
from tools.compare_on_envoy import compared as on_envoy

_PAIRS, _UNCHANGED, _REQUESTS = 25, 1000, 40
_MOST_PAIRS = 75


@dataclass
class Seen:
    """What Envoy has been asked."""

    pairs: int = 0
    unchanged: int = 0
    """Number of requests outside of the changed classes that Envoy answered alike before and after."""

    @property
    def is_enough(self) -> bool:
        return self.pairs >= _PAIRS and self.unchanged >= _UNCHANGED


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    seen = Seen()
    yield seen
    assert seen.is_enough, seen


@pytest.fixture(scope="module")
def ask_side(tools: Tools, judged_by: Judged, crds: Crds) -> Ask:
    def answers(side: Side, requests: Sequence[Request]) -> Answers:
        objects = with_common([*side.plan.manifests])
        (answer,) = judged_by([question(objects, crds) | {"withXds": True}])
        program = tools.program("envoy")
        return {name: ask(resources, requests, program=program) for name, resources in answer["xds"].items()}

    return answers


@settings(
    # How many requests a pair leaves unchanged is random.
    max_examples=_MOST_PAIRS,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(pair=pairs(_REQUESTS, _REQUESTS))
def test_envoy_changes_what_the_comparison_lists_and_nothing_else(
    pair: tuple[Table, Table], ask_side: Ask, seen: Seen
) -> None:
    if seen.is_enough:
        return
    base, head = pair
    comparison = compared(as_objects(base), as_objects(head))
    requests = [*base.requests_to(80), *head.requests_to(80)]
    try:
        found = on_envoy(comparison, ask_side)
        before, after = ([*ask_side(side, requests).values()] for side in (comparison.base, comparison.head))
    except EnvoyError:
        return  # Envoy keeps the table that it had before, and `preview` refuses such a plan
    seen.pairs += 1
    assert found.differences == ()
    assert found.classes == comparison.questions.classes
    changed = {one.key for one in comparison.questions.asked if one.changes}
    for number, request in enumerate(requests):
        if same_class(request, comparison).key not in changed:
            ends = [
                ending(of_gateway[number], side.evaluator.verdict(request))
                for side, ((of_gateway, _),) in ((comparison.base, before), (comparison.head, after))
            ]
            assert (ends[0].status, ends[0].backends) == (ends[1].status, ends[1].backends), str(request)
            seen.unchanged += 1
