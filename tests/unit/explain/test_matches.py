"""Whether a rule matches, and what is said when it does not."""

import pytest

from explain import Request, RequestError
from explain.paths import normalized, with_slashes
from gatewayapi.hostnames import intersection
from tests.unit.explain.routing_parts import ask, path, route, rule, taker


@pytest.mark.parametrize(
    ("prefix", "taken"),
    [
        ("/foo", ["/foo", "/foo/", "/foo/bar"]),
        ("/foo/", ["/foo", "/foo/", "/foo/bar"]),
        ("/", ["/foo", "/foo/", "/foobar"]),
    ],
)
def test_a_prefix_is_of_whole_segments(prefix: str, taken: list[str]) -> None:
    table = [route("r", rule(path(prefix)))]
    assert [each for each in taken if taker(table, f"http://h.test{each}") != "r/0"] == []
    assert (taker(table, "http://h.test/foobar") == "r/0") == (prefix == "/")


def test_a_regular_expression_is_for_the_whole_path() -> None:
    table = [route("r", rule(path("/v[0-9]", "RegularExpression")))]
    assert taker(table, "http://h.test/v1") == "r/0"
    assert taker(table, "http://h.test/v1/x") is None


def test_an_expression_that_re2_does_not_know_drops_its_rule_alone() -> None:
    table = [route("r", rule(path("/(?=a).*", "RegularExpression")), rule(path("/b")))]
    assert taker(table, "http://h.test/b") == "r/1"
    nearest = ask(table, "http://h.test/abc").nearest
    assert any("is not RE2" in each.reason for each in nearest)


def test_header_names_have_no_case_and_their_values_do() -> None:
    table = [route("r", rule({"headers": [{"name": "X-Version", "value": "Beta"}]}))]
    assert taker(table, "http://h.test/", "GET", "x-version: Beta") == "r/0"
    assert taker(table, "http://h.test/", "GET", "X-VERSION: beta") is None


def test_query_parameters_have_case_and_the_first_value_counts() -> None:
    table = [route("r", rule({"queryParams": [{"name": "q", "value": "1"}]}))]
    assert taker(table, "http://h.test/?q=1&q=2") == "r/0"
    assert taker(table, "http://h.test/?q=2&q=1") is None
    assert taker(table, "http://h.test/?Q=1") is None


def test_query_values_are_compared_as_they_are_sent() -> None:
    table = [route("r", rule({"queryParams": [{"name": "q", "value": "a b"}]}))]
    assert taker(table, "http://h.test/?q=a%20b") is None


def test_a_cookie_is_asked_for_by_an_http_route_filter() -> None:
    spec = {"matches": [{"cookies": [{"name": "beta", "value": "yes"}]}]}
    extension = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "beta"}
    only_beta = rule(filters=[{"type": "ExtensionRef", "extensionRef": extension}])
    metadata = {"name": "beta", "namespace": "chat"}
    wire = {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "HTTPRouteFilter",
        "metadata": metadata,
        "spec": spec,
    }
    table = [wire, route("r", only_beta)]
    assert taker(table, "http://h.test/", "GET", "cookie: a=b; beta=yes") == "r/0"
    assert taker(table, "http://h.test/", "GET", "cookie: beta=no") is None


def test_a_preflight_is_taken_with_the_method_that_it_asks_for() -> None:
    table = [route("r", rule({"method": "POST"}, filters=[{"type": "CORS", "cors": {"allowOrigins": ["*"]}}]))]
    assert taker(table, "http://h.test/", "OPTIONS") is None
    preflight = ("origin: http://o.test", "access-control-request-method: POST")
    assert taker(table, "http://h.test/", "OPTIONS", *preflight) == "r/0"


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (path("/foo", "Exact"), "path /x is not /foo"),
        (path("/foo"), "path /x is not below /foo"),
        (path("/f.*", "RegularExpression"), "path /x does not match /f.*"),
        ({"method": "POST"}, "method GET is not POST"),
        ({"headers": [{"name": "a", "value": "1"}]}, "no header a: it needs a=1"),
        ({"headers": [{"name": "b", "value": "1"}]}, "header b is '2': it needs b=1"),
        ({"queryParams": [{"name": "q", "value": "1"}]}, "query parameter q is '2': it needs q=1"),
    ],
)
def test_the_first_reason_is_said(match: dict[str, object], reason: str) -> None:
    nearest = ask([route("r", rule(match))], "http://h.test/x?q=2", "GET", "b: 2").nearest
    assert [each.reason for each in nearest] == [reason]


def test_what_comes_nearest_stands_first() -> None:
    close = rule({"headers": [{"name": "a", "value": "1"}]})
    far = rule(path("/foo") | {"method": "POST"})
    elsewhere = route("e", hostnames=("other.test",))
    nearest = ask([elsewhere, route("r", far, close)], "http://h.test/").nearest
    assert [each.what for each in nearest] == [
        "rule 1 of HTTPRoute chat/r",
        "rule 0 of HTTPRoute chat/r",
        "rule 0 of HTTPRoute chat/e",
    ]


@pytest.mark.parametrize(
    ("listener", "hostnames", "both"),
    [
        ("", [], ["*"]),
        ("*.example.com", [], ["*.example.com"]),
        ("", ["a.test", "*.b.test"], ["*.b.test", "a.test"]),
        ("*.example.com", ["a.example.com", "a.b.example.com", "example.com"], ["a.b.example.com", "a.example.com"]),
        ("*.example.com", ["*.com"], ["*.example.com"]),
        ("*.com", ["*.example.com"], ["*.example.com"]),
        ("a.example.com", ["*.example.com"], ["a.example.com"]),
        ("*.example.com", ["*.ample.com", "example.org"], []),
        ("a.example.com", ["b.example.com"], []),
    ],
)
def test_listener_and_route_meet_in_the_narrower_host_name(
    listener: str, hostnames: list[str], both: list[str]
) -> None:
    assert intersection(listener, hostnames) == both


@pytest.mark.parametrize(
    ("sent", "compared"),
    [
        ("/a//b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../b", "/b"),
        ("/a/.", "/a/"),
        ("/a/b/..", "/a/"),
        ("/a/..", "/"),
        ("/%61/%2e%2e/b", "/b"),
        ("/%7e/%3f", "/~/%3f"),
        ("/a%zz", "/a%zz"),
        ("/a\\b", "/a/b"),
    ],
)
def test_a_path_is_compared_as_envoy_normalises_it(sent: str, compared: str) -> None:
    assert normalized(sent) == compared


def test_an_escaped_slash_is_redirected_before_any_rule() -> None:
    assert with_slashes("/a%2Fb%5c") == "/a/b\\"
    verdict = ask([route("r", rule(path("/a/b")))], "http://h.test/a%2fb")
    assert verdict.is_served
    assert "307" in verdict.notes[0]


@pytest.mark.parametrize(
    ("url", "method", "headers", "reason", "cure"),
    [
        ("example.com/x", "", [], "no scheme", "http://example.com/x"),
        ("ftp://example.com", "", [], "scheme ftp", "http://example.com"),
        ("", "", [], "no URL", "make explain URL="),
        ("http:///x", "", [], "no host", "http://example.com/path"),
        ("http://h.test:99999", "", [], "port", "65535"),
        ("http://h.test/a b", "", [], "character", "%20"),
        ("tcp://h.test", "", [], "no port", "tcp://h.test:9000"),
        ("http://h.test", "GET /", [], "no HTTP method", "METHOD=POST"),
        ("http://h.test", "", ["x-a"], "no name and value", "HEADER='name: value'"),
        ("http://h.test", "", ["Host: a.test"], "given twice", "URL"),
        ("http://h.test", "", ["a: 1", "A: 2"], "given twice", "once"),
    ],
)
def test_a_request_that_nobody_can_send_is_said_with_its_cure(
    url: str, method: str, headers: list[str], reason: str, cure: str
) -> None:
    with pytest.raises(RequestError, match=reason) as caught:
        Request.of(url, method, headers)
    assert cure in caught.value.cure


def test_a_request_is_written_as_its_sender_means_it() -> None:
    assert str(Request.of("http://H.test:80/a?b=1")) == "GET http://h.test/a?b=1"
    assert str(Request.of("grpc://h.test:9000/s/m")) == "POST grpc://h.test:9000/s/m"
    assert str(Request.of("tcp://h.test:5432")) == "tcp://h.test:5432"
