"""What Envoy does with both plans, held against the comparison, with given answers in the place of Envoy's."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from compare import Comparison
from compare.document import document
from compare.markdown import comment
from compare.on_envoy import OnEnvoy
from compare.side import Side
from explain import Request
from tests.cases.builders import backend, path, policy, route, rule, target
from tests.unit.compare.plans_of import compared
from tools.ask import Answer
from tools.ask.of_plan import Answers
from tools.compare_on_envoy import compared as on_envoy

GATE = "chat/gate"
JWT = {"providers": [{"name": "ours", "issuer": "https://id.example.com", "remoteJWKS": {"uri": "https://x.example"}}]}
WEB, API = (f"Service chat/{name}, port 80" for name in ("web", "api"))


def moved(*more: object) -> Comparison:
    """A comparison in which one path goes from web to api, and another stays."""
    before = route(rule(matches=[path("/"), path("/api")]), hostnames=["chat.example.com"])
    after = route(
        rule(matches=[path("/")]), rule(backend("api"), matches=[path("/api")]), hostnames=["chat.example.com"]
    )
    return compared([before, *more], [after, *more])  # type: ignore[list-item]


def asked(comparison: Comparison, before: dict[str, str], after: dict[str, str]) -> OnEnvoy:
    """What is told when Envoy sends each path to the given backend, and answers 404 elsewhere."""

    def ask(side: Side, requests: Sequence[Request]) -> Answers:
        sent = before if side is comparison.base else after
        return {GATE: ([answer(request, sent) for request in requests], ())}

    return on_envoy(comparison, ask)


def answer(request: Request, sent: dict[str, str]) -> Answer:
    found = sent.get(request.path) if request.host == "chat.example.com" else None
    if found is not None and found.isdigit():
        return Answer(request=request, status=int(found), details="by a policy")
    return Answer(request=request, status=200 if found else 404, backend=found or "")


def test_an_envoy_that_does_as_predicted_is_one_line() -> None:
    comparison = moved()
    found = asked(comparison, {"/": WEB, "/api": WEB}, {"/": WEB, "/api": API})
    assert found.differences == ()
    assert found.text == "A real Envoy was asked for 3 classes of requests: it does the same"
    told = replace(comparison, on_envoy=found)
    assert found.text in comment(told)
    assert document(told)["onEnvoy"] == {"classes": 3, "differences": [], "leftOut": [], "reason": ""}


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        (
            {"/": WEB, "/api": WEB},
            {"/": WEB, "/api": WEB},
            "GET http://chat.example.com/api after: it goes to Service chat/web; `make explain` says that it goes to "
            "Service chat/api",
        ),
        (
            {"/": WEB},
            {"/": WEB, "/api": API},
            "GET http://chat.example.com/api before: it gets 404; `make explain` says that it goes to Service chat/web",
        ),
    ],
)
def test_what_envoy_does_otherwise_is_told(before: dict[str, str], after: dict[str, str], difference: str) -> None:
    comparison = moved()
    found = asked(comparison, before, after)
    assert found.differences == (difference,)
    told = replace(comparison, on_envoy=found)
    assert told.differs
    assert "Envoy does otherwise" in told.summary
    assert difference in comment(told)


def test_a_policy_that_may_answer_first_is_no_difference() -> None:
    guarded = policy("SecurityPolicy", "guard", target("HTTPRoute", "web"), jwt=JWT)
    assert asked(moved(guarded), {"/": "401", "/api": "401"}, {"/": "401", "/api": "401"}).differences == ()


def test_a_side_without_the_gateway_is_not_asked() -> None:
    comparison = compared([route()], [route(rule(backend("api")))])
    found = on_envoy(comparison, lambda side, requests: {})
    assert found == OnEnvoy(classes=0)


def test_an_envoy_that_was_not_asked_is_told_with_the_reason() -> None:
    told = replace(moved(), on_envoy=OnEnvoy(reason="there is no Go"))
    assert "No Envoy was asked: there is no Go" in comment(told)
