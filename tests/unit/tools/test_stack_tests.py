"""`make test-stack`: what it makes of the answers. tests/live/test_stack_tests.py asks a real Envoy."""

import pytest

from explain import Promise, Request
from kube.manifest import ObjectName
from local.toolchain import Tools
from tests.cases.builders import gateway, namespace, route, service
from tests.unit.compare.plans_of import plan_of
from tools import stack_tests
from tools.ask import Answer
from tools.ask.of_plan import Answers

REQUEST = Request.of("http://a.example.com/")


@pytest.mark.parametrize(("of_gate", "broken"), [("Service chat/web, port 80", None), ("", "backend")])
def test_the_gateway_that_takes_the_request_is_asked(
    of_gate: str, broken: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan_of([namespace(), gateway(), service(), route(hostnames=["a.example.com"])])
    answers: Answers = {
        "chat/another": ([Answer(request=REQUEST, status=200, route="any", backend="Service chat/web, port 80")], ()),
        "chat/gate": ([Answer(request=REQUEST, status=200 if of_gate else 404, backend=of_gate)], ("extAuth of x",)),
    }
    monkeypatch.setattr(stack_tests, "ask_plan", lambda *_: answers)
    promise = Promise(request=REQUEST, backend=ObjectName("", "Service", "chat", "web"))
    tests = stack_tests.with_verdicts(made, {"a": promise})
    (ending,), left_out = stack_tests.on_envoy(made, tests, Tools({}))
    assert promise.broken_by(ending) == broken
    assert left_out == ("extAuth of x",)
