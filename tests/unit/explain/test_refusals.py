"""Refusals: they name the listener, route or rule that does not take a request, and the values that it compares."""

import pytest

from explain import Request, Verdict
from explain.refusal import Refusal
from tests.cases.builders import SHOP, Manifest, gateway, listener, path, route, rule, service
from tests.cases.case import load
from tests.unit.explain.asked import ask, explained, taker

CASES = {case.name: case for case in load()}
LISTENER = "listener http of Gateway chat/gate"


def first_refusal(verdict: Verdict) -> Refusal:
    assert verdict.taken is None
    return verdict.refusal or verdict.nearest[0]


@pytest.mark.parametrize(
    ("case", "url", "what", "words"),
    [
        ("attachment/request-for-other-port", "http://h.test:8080/", LISTENER, {"listens": "80", "port": "8080"}),
        (
            "attachment/plain-request-to-https",
            "http://h.test:443/",
            LISTENER,
            {"protocol": "HTTPS", "port": "443", "scheme": "http"},
        ),
        ("attachment/other-namespace", "http://h.test/", "HTTPRoute shop/web", {"namespace": "shop"}),
        (
            "attachment/kind-not-allowed",
            "http://h.test/",
            "HTTPRoute chat/web",
            {"kind": "HTTPRoute", "allowed": "GRPCRoute"},
        ),
        (
            "attachment/host-not-served",
            "http://example.com/",
            "HTTPRoute chat/web",
            {"hostname": "*.example.com", "hosts": "example.com and chat.internal"},
        ),
        (
            "listeners/listener-set-not-allowed",
            "http://h.test:8080/",
            "listener extra of ListenerSet chat/more",
            {"namespace": "chat"},
        ),
        ("listeners/two-protocols", "http://h.test/", LISTENER, {"protocol": "HTTPS", "port": "80"}),
        (
            "hosts/route-on-two-listeners",
            "http://chat.example.com/",
            "port 80",
            {"listener": "listener all of Gateway chat/gate", "other": "listener some of Gateway chat/gate"},
        ),
        (
            "hosts/merged-gateways",
            "http://chat.example.com:8083/",
            "port 8083",
            {
                "listener": "listener http of Gateway chat/one",
                "other": "listener http of Gateway chat/two",
                "host": "chat.example.com",
            },
        ),
        ("tls/most-specific-listener-without-route", "https://a.example.com/", "listener own of Gateway chat/gate", {}),
        ("tls/merged-gateways-share-listeners", "https://a.example.com/", "listener own of Gateway chat/two", {}),
        (
            "tls/unknown-server-name",
            "https://example.org/",
            LISTENER,
            {"host": "example.org", "hostname": "*.example.com"},
        ),
        (
            "tls/listener-without-route",
            "tls://b.example",
            "rule 0 of TLSRoute chat/w",
            {"host": "b.example", "hostname": "*.test"},
        ),
        (
            "tls/two-routes-for-one-server-name",
            "tls://b.test",
            "TLSRoute chat/r",
            {"other": "TLSRoute chat/s", "host": "a.test", "port": "443"},
        ),
    ],
)
def test_a_refusal_of_a_case_names_what_it_compares(case: str, url: str, what: str, words: dict[str, str]) -> None:
    refusal = first_refusal(explained(CASES[case].stack, Request.of(url)))
    assert (refusal.what, refusal.reason.words) == (what, {**refusal.reason.words, **words})


@pytest.mark.parametrize(
    ("case", "values"),
    [
        ("attachment/kind-not-allowed", ["not allow HTTPRoute", "allows GRPCRoute"]),
        ("attachment/host-not-served", ["*.example.com", "(example.com and chat.internal)"]),
    ],
)
def test_the_line_of_a_route_that_a_listener_refuses_shows_what_both_have(case: str, values: list[str]) -> None:
    line = str(first_refusal(explained(CASES[case].stack, CASES[case].requests[0].request)))
    assert line.startswith(f"HTTPRoute chat/web: {LISTENER} ")
    assert [value for value in values if value not in line] == []


def test_a_listener_that_allows_only_kinds_beyond_its_protocol_takes_nothing() -> None:
    wrong = gateway(listener(allowedRoutes={"kinds": [{"kind": "TCPRoute"}]}))
    refusal = first_refusal(ask([wrong, route()], "http://h.test/"))
    assert (refusal.reason.code, refusal.reason.words["allowed"]) == ("route-kind-not-allowed", "nothing")


@pytest.mark.parametrize(
    ("match", "words"),
    [
        (path("/foo", "Exact"), {"path": "/x", "wanted": "/foo"}),
        (path("/foo"), {"path": "/x", "wanted": "/foo"}),
        (path("/f.*", "RegularExpression"), {"path": "/x", "wanted": "/f.*"}),
        (path("/(?=a).*", "RegularExpression"), {"pattern": "/(?=a).*"}),
        ({"method": "POST"}, {"method": "GET", "wanted": "POST"}),
        ({"headers": [{"name": "a", "value": "1"}]}, {"what": "header", "name": "a", "wanted": "a=1"}),
        ({"headers": [{"name": "b", "value": "1"}]}, {"what": "header", "name": "b", "value": "2", "wanted": "b=1"}),
        (
            {"queryParams": [{"name": "q", "value": "1"}]},
            {"what": "query parameter", "name": "q", "value": "2", "wanted": "q=1"},
        ),
    ],
)
def test_a_rule_that_does_not_match_names_both_values(match: Manifest, words: dict[str, str]) -> None:
    verdict = ask([route(rule(matches=[match]))], "http://h.test/x?q=2", "GET", "b: 2")
    assert first_refusal(verdict).reason.words == words


def test_a_dropped_rule_is_named_after_those_that_do_not_match() -> None:
    dropped = rule(matches=[path("/(?=a).*", "RegularExpression")])
    nearest = ask([route(dropped, rule(matches=[path("/b")]))], "http://h.test/abc").nearest
    assert [(refusal.what, refusal.reason.code) for refusal in nearest] == [
        ("rule 1 of HTTPRoute chat/web", "request-path-not-below"),
        ("rule 0 of HTTPRoute chat/web", "rule-regex-invalid"),
    ]


def test_two_listeners_with_one_port_and_no_host_name_each_other() -> None:
    refusal = first_refusal(ask([gateway(listener("one"), listener("two")), route()], "http://h.test/"))
    words = {"other": "listener two of Gateway chat/gate", "port": "80", "host": "every hostname"}
    assert refusal.reason.words == {**refusal.reason.words, **words}


def test_the_fix_for_a_host_on_two_listeners_is_a_section_name() -> None:
    case = CASES["hosts/route-on-two-listeners"]
    assert "sectionName" in first_refusal(explained(case.stack, case.requests[0].request)).reason.fix


def test_a_selector_selects_no_namespace_that_is_not_declared() -> None:
    selected = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "sales"}}}}
    foreign = route(namespace=SHOP, parents=[{"name": "gate", "namespace": "chat"}])
    objects = [gateway(listener(allowedRoutes=selected)), service(namespace=SHOP), foreign]
    assert taker(objects, "http://h.test/") is None
