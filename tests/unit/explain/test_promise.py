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
        (NOT_FOUND, Ending(text="", status=301, is_certain=False), None),
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


UNCERTAIN_REDIRECT = Ending(text="", status=301, headers={"location": "https://a.internal/"}, is_certain=False)


@pytest.mark.parametrize(
    ("predicted", "seen", "contradicts"),
    [
        (TO_API, TO_API, False),
        (TO_BOTH, TO_API, False),
        (TO_API, TO_CANARY, True),
        (TO_API, by_envoy(404), True),
        (Ending(text="", backends=TO_API.backends, is_certain=False), by_envoy(401), False),
        (by_envoy(404), by_envoy(404), False),
        (by_envoy(404), by_envoy(500), True),
        (by_envoy(404), TO_API, True),
        (by_envoy(None), by_envoy(404), False),
        (by_envoy(None), TO_API, True),
        (by_envoy(301, location="https://a.internal/"), by_envoy(301, location="https://a.internal/"), False),
        (by_envoy(301, location="https://a.internal/"), by_envoy(301, location="https://b.internal/"), True),
        (UNCERTAIN_REDIRECT, by_envoy(401), False),
        (UNCERTAIN_REDIRECT, TO_API, True),
    ],
)
def test_what_envoy_does_contradicts_only_what_was_known(predicted: Ending, seen: Ending, contradicts: bool) -> None:
    assert predicted.contradicts(seen) == contradicts
