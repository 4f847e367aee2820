"""Why no rule matches, how a path is compared, and which requests nobody can send."""

import pytest

from explain import Request, RequestError
from explain.path_normalization import normalized, with_slashes
from tests.cases.builders import Manifest, path, route, rule
from tests.unit.explain.asked import ask


@pytest.mark.parametrize(
    ("match", "code"),
    [
        (path("/foo", "Exact"), "request-path-not-equal"),
        (path("/foo"), "request-path-not-below"),
        (path("/f.*", "RegularExpression"), "request-path-no-match"),
        (path("/(?=a).*", "RegularExpression"), "rule-regex-invalid"),
        ({"method": "POST"}, "request-method"),
        ({"headers": [{"name": "a", "value": "1"}]}, "request-value-missing"),
        ({"headers": [{"name": "b", "value": "1"}]}, "request-value-differs"),
        ({"queryParams": [{"name": "q", "value": "1"}]}, "request-value-differs"),
    ],
)
def test_a_rule_that_does_not_match_has_its_first_reason(match: Manifest, code: str) -> None:
    nearest = ask([route(rule(matches=[match]))], "http://h.test/x?q=2", "GET", "b: 2").nearest
    assert [refusal.reason.code for refusal in nearest] == [code]


def test_the_nearest_refusal_stands_first() -> None:
    close = rule(matches=[{"headers": [{"name": "a", "value": "1"}]}])
    far = rule(matches=[path("/foo") | {"method": "POST"}])
    elsewhere = route(name="elsewhere", hostnames=["other.test"])
    nearest = ask([elsewhere, route(far, close)], "http://h.test/").nearest
    assert [refusal.what for refusal in nearest] == [
        "rule 1 of HTTPRoute chat/web",
        "rule 0 of HTTPRoute chat/web",
        "rule 0 of HTTPRoute chat/elsewhere",
    ]


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
    verdict = ask([route(rule(matches=[path("/a/b")]))], "http://h.test/a%2fb")
    assert verdict.is_served
    assert "307" in verdict.notes[0]
    assert verdict.redirect == "/a/b"


@pytest.mark.parametrize(
    ("url", "method", "headers", "reason", "fix"),
    [
        ("example.com/x", "", [], "no scheme", "http://example.com/x"),
        ("ftp://example.com", "", [], "scheme ftp", "http://example.com"),
        ("", "", [], "no URL", "URL="),
        ("http:///x", "", [], "no host", "http://example.com/path"),
        ("http://h.test:99999", "", [], "port", "65535"),
        ("http://h.test/a b", "", [], "character", "%20"),
        ("tcp://h.test", "", [], "no port", "tcp://h.test:9000"),
        ("http://h.test", "GET /", [], "not an HTTP method", "such as POST"),
        ("http://h.test", "", ["x-a"], "no name and value", "'name: value'"),
        ("http://h.test", "", ["x-a: b\nc: d"], "character", "ASCII"),
        ("http://[bad/", "", [], "host", "http://"),
        ("http://a]b/", "", [], "host", "http://"),
        ("http://h.test", "", ["Host: a.test"], "given twice", "URL"),
        ("http://h.test", "", ["a: 1", "A: 2"], "given twice", "once"),
    ],
)
def test_a_request_that_nobody_can_send_is_refused_with_a_fix(
    url: str, method: str, headers: list[str], reason: str, fix: str
) -> None:
    with pytest.raises(RequestError, match=reason) as caught:
        Request.of(url, method, headers)
    assert fix in caught.value.fix


def test_a_request_is_printed_with_its_method_and_without_the_usual_port() -> None:
    assert str(Request.of("http://H.test:80/a?b=1")) == "GET http://h.test/a?b=1"
    assert str(Request.of("grpc://h.test:9000/s/m")) == "POST grpc://h.test:9000/s/m"
    assert str(Request.of("http://[::1]:81/a")) == "GET http://[::1]:81/a"
    assert str(Request.of("tcp://h.test:5432")) == "tcp://h.test:5432"
