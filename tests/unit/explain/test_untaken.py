"""The end of a request that no rule takes: an answer of 404, a closed connection, or a port without a listener."""

import pytest

from explain import Request
from tests.cases.builders import Manifest, gateway, listener, route, service, tls_listener
from tests.unit.explain.asked import ask, explained

GATE = gateway(
    listener(),
    tls_listener("https", "*.example.com", "cert", port=443),
    listener("raw", 5432, "TCP"),
    listener("game", 6000, "UDP"),
    listener("passed", 8443, "TLS", tls={"mode": "Passthrough"}),
)


def end(url: str, *objects: Manifest) -> str:
    verdict = ask([*(objects or [GATE]), route(hostnames=["a.example.com"])], url)
    assert verdict.taken is None
    assert not verdict.is_served
    return str(verdict.untaken)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://b.example.com/", "Envoy answers 404"),
        ("https://b.example.com/", "Envoy answers 404"),
        ("http://a.example.com:81/", "nothing listens on port 81 of Gateway chat/gate"),
        ("https://a.example.com:81/", "nothing listens on port 81 of Gateway chat/gate"),
        ("tcp://a.example.com:81", "nothing listens on port 81 of Gateway chat/gate"),
        ("http://a.example.com:6000/", "nothing listens on port 6000 of Gateway chat/gate"),
        ("udp://a.example.com:80", "nothing listens for UDP on port 80 of Gateway chat/gate"),
        (
            "http://a.example.com:443/",
            "Envoy closes the connection, because port 443 of Gateway chat/gate expects TLS",
        ),
        (
            "http://a.example.com:8443/",
            "Envoy closes the connection, because port 8443 of Gateway chat/gate expects TLS",
        ),
        (
            "https://a.example.com:80/",
            "Envoy closes the connection, because port 80 of Gateway chat/gate has no TLS",
        ),
        ("tcp://a.example.com:80", "Envoy closes the connection, because port 80 of Gateway chat/gate expects HTTP"),
        (
            "https://example.org/",
            "Envoy closes the connection, because port 443 of Gateway chat/gate does not serve the host example.org",
        ),
        (
            "tls://a.example.com:8443",
            "Envoy closes the connection, because port 8443 of Gateway chat/gate does not serve the host a.example.com",
        ),
        (
            "http://a.example.com:5432/",
            "port 5432 of Gateway chat/gate has protocol TCP, so Envoy does not read http there",
        ),
        (
            "tcp://a.example.com:5432",
            "Envoy closes the connection, because port 5432 of Gateway chat/gate has no route",
        ),
        (
            "udp://a.example.com:6000",
            "Envoy drops the datagrams, because port 6000 of Gateway chat/gate has no route",
        ),
    ],
)
def test_the_end_of_a_request_that_no_rule_takes(url: str, expected: str) -> None:
    assert end(url) == expected


def test_nothing_listens_where_every_listener_of_the_port_is_refused() -> None:
    refused = gateway(listener("one"), tls_listener("two", None, "cert", port=80))
    assert end("http://a.example.com/", refused) == "nothing listens on port 80 of Gateway chat/gate"
    assert end("https://a.example.com:80/", refused) == "nothing listens on port 80 of Gateway chat/gate"


def test_every_gateway_without_the_port_is_named() -> None:
    both = gateway(name="one"), gateway(name="two")
    assert (
        end("http://a.example.com:81/", *both) == "nothing listens on port 81 of Gateway chat/one or Gateway chat/two"
    )


def test_without_a_gateway_nothing_listens() -> None:
    verdict = explained([service(), route()], Request.of("http://a.example.com/"))
    assert str(verdict.untaken) == "there is no Gateway"


def test_a_request_that_a_rule_takes_has_no_such_end() -> None:
    assert ask([route()], "http://a.example.com/").untaken is None
