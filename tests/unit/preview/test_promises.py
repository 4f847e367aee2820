"""The tests of a stack at every preview: what the declared objects break is a problem of the config."""

from typing import Any

import pytest

from tests.unit import small_stack

DENY = {
    "kind": "SecurityPolicy",
    "authorization": {"defaultAction": "Deny", "rules": []},
    "targets": [{"route": "web-httproute"}],
}
HTTPS = {"https": {"selfSigned": True}, "redirectToHttps": True}
CORS = {
    "hostnames": ["cors.internal"],
    "rules": [
        {
            "filters": [{"type": "CORS", "cors": {"allowOrigins": ["https://a.example.com"]}}],
            "backendRefs": [{"workload": "web"}],
        }
    ],
}
NODE_PORT = {"exposure": "NodePort", "nodePort": 30080}


def found(test: dict[str, Any], **keys: Any) -> list[str]:
    return [str(problem) for problem in small_stack.problems(tests={"a": test}, **keys)]


@pytest.mark.parametrize(
    ("test", "keys"),
    [
        ({"url": "/", "backend": "web"}, {}),
        ({"url": "/healthz", "backend": "api"}, {"api": {"hostname": "other.internal"}}),
        ({"url": "http://synchat.internal/x", "backend": "Service/synergychat/web-service"}, {}),
        ({"url": "http://unknown.internal", "status": 404}, {}),
        ({"url": "http://synchat.internal/", "status": 403}, {"policies": {"deny": DENY}}),
        ({"url": "/", "backend": "web"}, {"policies": {"deny": DENY}}),
        ({"url": "/", "hostname": "unknown.internal", "status": 404}, {"gateway": {"port": 8080}}),
        ({"url": "/", "hostname": "unknown.internal", "status": 404}, {"gateway": HTTPS}),
        ({"url": "/", "hostname": "unknown.internal", "status": 404}, {"gateway": NODE_PORT}),
        ({"url": "/x", "hostname": "synchatapi.internal", "backend": "api"}, {"gateway": NODE_PORT}),
        ({"url": "/", "backend": "web"}, {"gateway": NODE_PORT}),
        (
            {"url": "http://synchat.internal/", "status": 301, "location": "https://synchat.internal/"},
            {"gateway": HTTPS},
        ),
        ({"url": "/", "backend": "web", "responseHeaders": {"x": "only Envoy knows"}}, {}),
        (
            {
                "url": "http://synchat.internal/",
                "status": 301,
                "location": "https://synchat.internal/",
                "responseHeaders": {"x-a": "b"},
            },
            {"gateway": HTTPS},
        ),
        ({"url": "http://cors.internal/", "method": "OPTIONS", "status": 200}, {"routes": {"cors": CORS}}),
        ({"url": "http://synchat.internal/a%2Fb", "status": 307, "location": "/a/b"}, {}),
    ],
    ids=str,
)
def test_a_promise_that_holds_is_no_problem(test: dict[str, Any], keys: dict[str, Any]) -> None:
    assert found(test, **keys) == []


@pytest.mark.parametrize(
    ("test", "keys", "message"),
    [
        (
            {"url": "http://synchat.internal/", "backend": "api"},
            {},
            'tests.a.backend = "api": GET http://synchat.internal/ goes to Service synergychat/web-service ',
        ),
        (
            {"url": "http://synchat.internal/", "status": 404},
            {},
            "tests.a.status = 404: GET http://synchat.internal/ goes to Service synergychat/web-service [test-broken]",
        ),
        (
            {"url": "http://synchat.internal/", "status": 301, "location": "https://other.internal/"},
            {"gateway": HTTPS},
            'tests.a.location = "https://other.internal/": GET http://synchat.internal/ is redirected to '
            "https://synchat.internal/ with 301 [test-broken]",
        ),
        (
            {"url": "http://synchat.internal:81/", "backend": "web", "method": "POST"},
            {},
            "make explain URL=http://synchat.internal:81/ METHOD=POST shows why",
        ),
        (
            {"url": "http://synchat.internal/", "backend": "api", "headers": {"x-user": "ada"}},
            {},
            "make explain URL=http://synchat.internal/ HEADER='x-user: ada' shows why",
        ),
        (
            {"url": "http://[bad/", "status": 404},
            {},
            'tests.a.url = "http://[bad/": is not a request that a client could send: The host',
        ),
        (
            {"url": "/", "backend": "web", "headers": {"x-a": "b\nc: d"}},
            {},
            "tests.a.headers",
        ),
        (
            {"url": "/", "backend": "web", "headers": {"x:a": "b"}},
            {},
            "tests.a.headers",
        ),
        (
            {"url": "/", "backend": "web", "method": "GET /"},
            {},
            "tests.a.method",
        ),
        (
            {"url": "/", "backend": "web", "method": "connect"},
            {},
            "tests.a.method",
        ),
    ],
    ids=str,
)
def test_a_broken_promise_is_told_at_its_key_with_the_end_of_the_request(
    test: dict[str, Any], keys: dict[str, Any], message: str
) -> None:
    (problem,) = found(test, **keys)
    assert message in problem
