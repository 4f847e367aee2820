"""Rules of `tests`."""

from typing import Any

import pytest

from tests.unit.stacks import parse, problems


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"url": "/", "backend": "web"}, []),
        ({"url": "http://a.internal/", "status": 404}, []),
        ({"url": "http://a.internal/", "backend": "Backend.gateway.envoyproxy.io/team/x"}, []),
        ({"url": "http://a.internal/"}, [("tests.a", "test-without-end")]),
        ({"url": "/", "hostname": "a.internal", "status": 404}, []),
        ({"url": "/", "hostname": "a.internal", "backend": "crawler"}, []),
        (
            {"url": "http://a.internal/", "hostname": "b.internal", "status": 404},
            [("tests.a.hostname", "test-hostname-without-path")],
        ),
        ({"url": "/", "status": 404}, [("tests.a.url", "test-path-without-host")]),
        ({"url": "/", "backend": "crawler"}, [("tests.a.url", "test-path-without-host")]),
        (
            {"url": "/", "hostname": "a.internal", "backend": "web-service/"},
            [("tests.a.backend", "test-backend-invalid")],
        ),
        (
            {"url": "http://a.internal/", "backend": "synergychat/web-service"},
            [("tests.a.backend", "test-backend-invalid")],
        ),
        ({"url": "http://a.internal/", "backend": "wep"}, [("tests.a.backend", "workload-unknown")]),
        (
            {"url": "http://a.internal/", "backend": "web", "location": "http://b.internal/"},
            [("tests.a.location", "keys-exclusive")],
        ),
    ],
    ids=str,
)
def test_a_test_says_what_it_asks_and_how_that_ends(test: dict[str, Any], found: list[tuple[str, str]]) -> None:
    config = {"tests": {"a": test}}
    if found:
        assert problems(config) == found
    else:
        parse(config)
