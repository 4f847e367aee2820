"""Which of several rules that match takes the request: Gateway API's own examples, and where Envoy Gateway differs."""

import pytest

from tests.unit.explain.routing_parts import ask, gateway, listener, path, route, rule, taker

OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"


@pytest.mark.parametrize(
    ("first", "second", "url"),
    [
        (path("/foo/bar", "Exact"), path("/foo/bar"), "http://h.test/foo/bar"),
        (path("/foo/bar"), path("/foo"), "http://h.test/foo/bar/baz"),
        (path("/foo", "Exact"), path("/.*", "RegularExpression"), "http://h.test/foo"),
        (path("/[a-z]+/.*", "RegularExpression"), path("/[a-z].*", "RegularExpression"), "http://h.test/foo/bar"),
    ],
    ids=["an exact path", "the longer prefix", "an exact path before an expression", "the longer expression"],
)
def test_a_path_goes_first(first: dict[str, object], second: dict[str, object], url: str) -> None:
    assert taker([route("r", rule(second), rule(first))], url) == "r/1"


def test_a_regular_expression_goes_before_every_prefix() -> None:
    """Gateway API leaves the place of expressions open; this is Envoy Gateway's."""
    long_prefix, short_expression = rule(path("/a/very/long/prefix")), rule(path("/.*", "RegularExpression"))
    assert taker([route("r", long_prefix, short_expression)], "http://h.test/a/very/long/prefix") == "r/1"


def test_a_method_goes_before_no_condition() -> None:
    assert taker([route("r", rule(), rule({"method": "GET"}))], "http://h.test/") == "r/1"


def test_a_method_counts_as_one_header_and_no_more() -> None:
    """Gateway API ranks any method above any number of headers; Envoy Gateway does not."""
    headers = {"headers": [{"name": "a", "value": "1"}, {"name": "b", "value": "1"}]}
    both = route("r", rule({"method": "GET"}), rule(headers))
    assert taker([both], "http://h.test/", "GET", "a: 1", "b: 1") == "r/1"


def test_more_headers_go_first_and_then_more_query_parameters() -> None:
    one, two = [{"name": "a", "value": "1"}], [{"name": "a", "value": "1"}, {"name": "b", "value": "1"}]
    table = route("r", rule({"queryParams": two}), rule({"headers": one}), rule({"headers": one, "queryParams": one}))
    assert taker([table], "http://h.test/?a=1&b=1", "GET", "a: 1") == "r/2"
    assert taker([table], "http://h.test/?a=2&b=1", "GET", "a: 1") == "r/1"
    assert taker([table], "http://h.test/?a=1&b=1") == "r/0"


def test_an_exact_header_goes_before_an_expression() -> None:
    expression = {"headers": [{"name": "a", "type": "RegularExpression", "value": ".*"}]}
    exact = {"headers": [{"name": "a", "value": "1"}]}
    assert taker([route("r", rule(expression), rule(exact))], "http://h.test/", "GET", "a: 1") == "r/1"


def test_a_method_is_an_exact_header() -> None:
    expression = {"headers": [{"name": "a", "type": "RegularExpression", "value": ".*"}]}
    assert taker([route("r", rule(expression), rule({"method": "GET"}))], "http://h.test/", "GET", "a: 1") == "r/1"


def test_a_longer_path_goes_before_any_number_of_conditions() -> None:
    conditions = {"method": "GET", "headers": [{"name": "a", "value": "1"}]}
    table = route("r", rule(path("/foo") | conditions), rule(path("/foo/bar")))
    assert taker([table], "http://h.test/foo/bar", "GET", "a: 1") == "r/1"


def test_of_equal_rules_the_older_route_goes_first_whatever_its_name() -> None:
    verdict = ask([route("a", creationTimestamp=NEW), route("z", creationTimestamp=OLD)], "http://h.test/")
    assert verdict.taken
    assert verdict.taken.route.name == "z"
    assert "the older route goes first" in verdict.notes[0]


def test_of_equal_rules_of_the_same_age_the_first_name_goes_first() -> None:
    verdict = ask([route("b"), route("a")], "http://h.test/")
    assert verdict.taken
    assert verdict.taken.route.name == "a"
    assert "the first name goes first" in verdict.notes[0]


def test_of_equal_rules_of_one_route_the_first_goes_first() -> None:
    assert taker([route("r", rule(to="one"), rule(to="two"))], "http://h.test/") == "r/0"


def test_an_exact_host_name_goes_before_a_wildcard_with_a_better_path() -> None:
    wildcard = route("w", rule(path("/foo", "Exact")), hostnames=("*.example.com",))
    exact = route("e", rule(), hostnames=("a.example.com",))
    assert taker([wildcard, exact], "http://a.example.com/foo") == "e/0"
    assert taker([wildcard, exact], "http://b.example.com/foo") == "w/0"


def test_the_longer_wildcard_goes_first() -> None:
    table = [route("short", hostnames=("*.com",)), route("long", hostnames=("*.example.com",))]
    assert taker(table, "http://a.example.com/") == "long/0"


def test_a_host_name_that_is_chosen_is_not_left_for_a_less_specific_one() -> None:
    wildcard = route("w", rule(), hostnames=("*.example.com",))
    exact = route("e", rule(path("/foo")), hostnames=("a.example.com",))
    verdict = ask([wildcard, exact], "http://a.example.com/bar")
    assert verdict.taken is None
    reasons = {each.what: each.reason for each in verdict.nearest}
    assert "a.example.com is more specific than its *.example.com" in reasons["rule 0 of HTTPRoute chat/w"]


def test_a_listener_with_the_host_name_goes_before_one_for_any() -> None:
    both = gateway(listener("any"), listener("own", "*.example.com"))
    table = [
        both,
        route("a", parent={"sectionName": "any"}),
        route("o", rule(path("/foo")), parent={"sectionName": "own"}),
    ]
    assert taker(table, "http://a.example.com/foo") == "o/0"
    assert taker(table, "http://a.example.com/bar") is None
    assert taker(table, "http://other.test/bar") == "a/0"


def test_without_routes_of_its_own_a_listener_leaves_its_host_name_to_one_for_any() -> None:
    """Gateway API would isolate it. Envoy Gateway makes nothing of a listener without routes."""
    both = gateway(listener("any"), listener("own", "*.example.com"))
    assert taker([both, route("a", parent={"sectionName": "any"})], "http://a.example.com/") == "a/0"


def test_a_match_of_any_rule_is_enough() -> None:
    table = [route("r", rule(path("/a"), path("/b")))]
    assert [taker(table, f"http://h.test/{each}") for each in "abc"] == ["r/0", "r/0", None]


def test_a_grpc_route_and_an_http_route_are_in_one_table() -> None:
    call = {"method": {"service": "chat.Chat", "method": "Send"}}
    table = [route("http"), route("grpc", rule(call), kind="GRPCRoute")]
    assert taker(table, "grpc://h.test/chat.Chat/Send") == "grpc/0"
    assert taker(table, "grpc://h.test/chat.Chat/Read") == "http/0"


def test_a_grpc_method_is_an_expression_only_where_it_says_so() -> None:
    call = {"service": "chat.Chat", "method": "Send.*"}
    exact, expression = route("r", rule({"method": call}), kind="GRPCRoute"), {"type": "RegularExpression"} | call
    assert taker([exact], "grpc://h.test/chat.Chat/SendAll") is None
    assert (
        taker([route("r", rule({"method": expression}), kind="GRPCRoute")], "grpc://h.test/chat.Chat/SendAll") == "r/0"
    )


def test_of_a_grpc_service_every_method_is_taken() -> None:
    table = [route("grpc", rule({"method": {"service": "chat.Chat"}}), kind="GRPCRoute")]
    assert taker(table, "grpc://h.test/chat.Chat/Send") == "grpc/0"
    assert taker(table, "grpc://h.test/chat.ChatRoom/Send") is None


def test_of_a_grpc_method_every_service_is_taken() -> None:
    table = [route("grpc", rule({"method": {"method": "Send"}}), kind="GRPCRoute")]
    assert taker(table, "grpc://h.test/chat.Chat/Send") == "grpc/0"
    assert taker(table, "grpc://h.test/chat.Chat/Read") is None
