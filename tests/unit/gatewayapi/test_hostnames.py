"""Host names of listeners, routes and certificates, with the examples of
https://gateway-api.sigs.k8s.io/reference/spec/#hostname and RFC 6125.
"""

import pytest

from gatewayapi.hostnames import certified, intersection


@pytest.mark.parametrize(
    ("listener", "route", "hosts"),
    [
        ("", [], ["*"]),
        ("", ["example.com"], ["example.com"]),
        ("", ["a.test", "*.b.test"], ["*.b.test", "a.test"]),
        ("example.com", [], ["example.com"]),
        ("example.com", ["example.com", "other.com"], ["example.com"]),
        ("foo.example.com", ["*.example.com"], ["foo.example.com"]),
        ("foo.example.com", ["bar.example.com"], []),
        ("*.example.com", [], ["*.example.com"]),
        ("*.example.com", ["foo.example.com"], ["foo.example.com"]),
        ("*.example.com", ["a.b.example.com"], ["a.b.example.com"]),
        ("*.example.com", ["a.example.com", "a.b.example.com", "example.com"], ["a.b.example.com", "a.example.com"]),
        ("*.example.com", ["example.com"], []),
        ("*.example.com", ["foo-example.com"], []),
        ("*.example.com", ["*.ample.com", "example.org"], []),
        ("*.example.com", ["*.com"], ["*.example.com"]),
        ("*.com", ["*.example.com"], ["*.example.com"]),
        ("*.example.com", ["*.example.com"], ["*.example.com"]),
        ("*.example.com", ["*.example.net"], []),
    ],
)
def test_a_listener_serves_the_intersection_with_the_route(listener: str, route: list[str], hosts: list[str]) -> None:
    assert intersection(listener, route) == hosts


@pytest.mark.parametrize(
    ("hostname", "name", "is_certified"),
    [
        ("foo.example.com", "foo.example.com", True),
        ("foo.example.com", "FOO.example.com", True),
        ("foo.example.com", "*.example.com", True),
        ("a.b.example.com", "*.example.com", False),
        ("*.example.com", "*.example.com", True),
        ("*.example.com", "foo.example.com", False),
        ("example.com", "*.example.com", False),
    ],
)
def test_a_wildcard_of_a_certificate_matches_one_label(hostname: str, name: str, is_certified: bool) -> None:
    assert certified(hostname, [name]) is is_certified
