"""`make test-stack` on a real Envoy: promises that it keeps, and promises that only it knows to be broken."""

from typing import Any

import pytest

from explain import Promise, Request
from kube.manifest import ObjectName
from local.paths import REPOSITORY
from local.toolchain import Tools
from plans import PlanError, plan
from tools.stack_tests import on_envoy, with_verdicts

WEB = ObjectName("", "Service", "synergychat", "web-service")
API = ObjectName("", "Service", "synergychat", "api-service")
DENY = {
    "kind": "SecurityPolicy",
    "targets": [{"route": "api-httproute"}],
    "authorization": {"defaultAction": "Deny"},
}
SPLIT: dict[str, Any] = {
    "hostnames": ["split.internal"],
    "rules": [{"backendRefs": [{"workload": "web", "weight": 1000}, {"workload": "api", "weight": 1}]}],
}
TAGGED: dict[str, Any] = {
    "hostnames": ["tagged.internal"],
    "rules": [
        {
            "filters": [
                {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "X-Tag", "value": "a"}]}}
            ],
            "backendRefs": [{"workload": "web"}],
        }
    ],
}


def promise(url: str, **keys: Any) -> Promise:
    return Promise(request=Request.of(url), **keys)


PROMISES = {
    "a page": (promise("http://synchat.internal/", backend=WEB), None),
    "another backend": (promise("http://synchat.internal/", backend=API), "backend"),
    "a policy answers first": (promise("http://synchatapi.internal/", backend=API), "backend"),
    "a policy denies": (promise("http://synchatapi.internal/", status=403), None),
    "another status": (promise("http://synchatapi.internal/", status=401), "status"),
    "no host": (promise("http://unknown.internal/", status=404), None),
    "no port": (promise("http://synchat.internal:81/", backend=WEB), "backend"),
    "the larger part": (promise("http://split.internal/", backend=WEB), None),
    "the smaller part": (promise("http://split.internal/", backend=API), None),
    "a header": (promise("http://tagged.internal/", backend=WEB, headers={"x-tag": "a"}), None),
    "another header": (promise("http://tagged.internal/", backend=WEB, headers={"x-tag": "b"}), "x-tag"),
    "not HTTP": (promise("tcp://synchat.internal:80", backend=WEB), "backend"),
}


@pytest.fixture(scope="module")
def broken(tools: Tools) -> dict[str, str | None]:
    """The broken part of each promise."""
    config = {
        "synergychat:policies": {"deny": DENY},
        "synergychat:routes": {"split": SPLIT, "tagged": TAGGED},
        "synergychat:tests": {},
    }
    found = plan(REPOSITORY, "dev", config=config)
    tests = with_verdicts(found, {name: each for name, (each, _) in PROMISES.items()})
    endings, left_out = on_envoy(found, tests, tools)
    assert left_out == ()
    return {test.name: test.promise.broken_by(ending) for test, ending in zip(tests, endings, strict=True)}


def test_a_request_to_a_node_port_reaches_its_listener(tools: Tools) -> None:
    config = {"synergychat:gateway": {"exposure": "NodePort", "nodePort": 30080}, "synergychat:tests": {}}
    found = plan(REPOSITORY, "dev", config=config)
    kept = promise("http://synchat.internal:30080/", backend=WEB)
    (ending,), _ = on_envoy(found, with_verdicts(found, {"a": kept}), tools)
    assert kept.broken_by(ending) is None, ending


@pytest.mark.parametrize("name", PROMISES)
def test_envoy_tells_which_promise_is_broken(name: str, broken: dict[str, str | None]) -> None:
    assert broken[name] == PROMISES[name][1]


def test_a_route_of_the_http_listener_alone_is_not_redirected(tools: Tools) -> None:
    config: dict[str, Any] = {
        "synergychat:gateway": {"https": {"selfSigned": True}, "redirectToHttps": True},
        "synergychat:routes": {"plain": {"hostnames": ["plain.internal"], "listeners": ["http"], "backend": "web"}},
    }
    found = plan(REPOSITORY, "dev", config=config)
    promises = {
        "plain": promise("http://plain.internal/", backend=WEB),
        "other": promise("http://synchat.internal/", status=301, location="https://synchat.internal/"),
    }
    endings, _ = on_envoy(found, with_verdicts(found, promises), tools)
    assert [each.broken_by(ending) for each, ending in zip(promises.values(), endings, strict=True)] == [None, None]


def test_what_envoy_ran_without_is_told(tools: Tools) -> None:
    policy = {
        "kind": "SecurityPolicy",
        "targets": [{"route": "web-httproute"}],
        "extAuth": {"http": {"backendRefs": [{"workload": "api"}]}},
    }
    found = plan(REPOSITORY, "dev", config={"synergychat:policies": {"ask": policy}})
    _, left_out = on_envoy(found, with_verdicts(found, {"a": promise("http://synchat.internal/", backend=WEB)}), tools)
    assert len(left_out) == 1


def test_what_envoy_gateway_refuses_ends_a_plan_with_its_words(tools: Tools) -> None:
    bootstrap = {"bootstrap": {"type": "Merge", "value": "admin: {address: ["}}
    config = {"synergychat:gateway": {"proxy": bootstrap}}
    plan(REPOSITORY, "dev", config=config)
    with pytest.raises(PlanError, match="failed to parse override bootstrap config") as raised:
        plan(REPOSITORY, "dev", config=config, judge=tools.program("judge"))
    assert raised.value.is_mistake
    assert "[envoy-gateway-refuses]" in str(raised.value)
