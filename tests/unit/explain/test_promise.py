"""How a request must end, and what breaks that. tests/live/test_stack_tests.py asks a real Envoy."""

import pytest

from explain import Ending, Promise, Request
from kube.manifest import ObjectName

API = ObjectName("", "Service", "chat", "api")
REQUEST = Request.of("http://chat.internal/")
AT_API = Promise(request=REQUEST, backend=API)
NOT_FOUND = Promise(request=REQUEST, status=404)
REDIRECT = Promise(request=REQUEST, status=301, location="https://chat.internal/")
TAGGED = Promise(request=REQUEST, backend=API, headers={"X-Tag": "a"})

TO_API = Ending(text="", backends=frozenset({"Service chat/api"}))
TO_BOTH = Ending(text="", backends=frozenset({"Service chat/api", "Service chat/canary"}))
TO_CANARY = Ending(text="", backends=frozenset({"Service chat/canary"}))


def by_envoy(status: int | None, **headers: str) -> Ending:
    return Ending(text="", status=status, headers=headers)


def seen_by_client(status: int | None, **headers: str) -> Ending:
    return Ending(text="", backends=None, status=status, headers=headers)


@pytest.mark.parametrize(
    ("promise", "ending", "broken"),
    [
        (AT_API, TO_API, None),
        (AT_API, TO_BOTH, None),
        (AT_API, TO_CANARY, "backend"),
        (AT_API, by_envoy(404), "backend"),
        (AT_API, by_envoy(None), "backend"),
        (AT_API, seen_by_client(200), None),
        (AT_API, seen_by_client(500), "backend"),
        (AT_API, seen_by_client(None), "backend"),
        (NOT_FOUND, by_envoy(404), None),
        (NOT_FOUND, by_envoy(403), "status"),
        (NOT_FOUND, by_envoy(None), "status"),
        (NOT_FOUND, TO_API, "status"),
        (NOT_FOUND, Ending(text="", backends=TO_API.backends, is_certain=False), None),
        (NOT_FOUND, seen_by_client(404), None),
        (REDIRECT, by_envoy(301, location="https://chat.internal/"), None),
        (REDIRECT, by_envoy(301, location="https://other.internal/"), "location"),
        (REDIRECT, by_envoy(302, location="https://chat.internal/"), "status"),
        (REDIRECT, by_envoy(301), "location"),
        (TAGGED, TO_API, None),
        (TAGGED, Ending(text="", backends=TO_API.backends, headers={"x-tag": "a"}), None),
        (TAGGED, Ending(text="", backends=TO_API.backends, headers={"x-tag": "b"}), "x-tag"),
        (TAGGED, seen_by_client(200), "x-tag"),
    ],
)
def test_a_promise_is_broken_by_what_is_known_to_be_otherwise(
    promise: Promise, ending: Ending, broken: str | None
) -> None:
    assert promise.broken_by(ending) == broken
