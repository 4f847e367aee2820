"""Rules that take the same requests, and hosts that another listener has."""

from tests.cases.builders import extension, extension_filter, gateway, listener, route, rule, service
from tests.unit.checks.rules.found import found_in_chat


def test_the_case_and_the_order_of_headers_do_not_matter() -> None:
    one = {"headers": [{"name": "A", "value": "1"}, {"name": "b", "value": "2"}]}
    two = {"headers": [{"name": "B", "value": "2"}, {"name": "a", "value": "1"}]}
    assert found_in_chat(gateway(), service(), route(rule(matches=[one]), rule(matches=[two]))) == [
        ("rule-unreachable", "HTTPRoute web", "spec.rules[1]")
    ]


def test_a_rule_with_a_filter_that_matches_is_not_a_repetition() -> None:
    narrowed = rule(filters=[extension_filter("cookie")])
    cookie = extension("HTTPRouteFilter", "cookie", matches=[{"cookies": [{"name": "beta", "value": "1"}]}])
    assert found_in_chat(gateway(), service(), cookie, route(rule(), narrowed)) == []


def test_a_listener_on_another_port_does_not_take_the_host() -> None:
    host = "chat.example.com"
    ports = gateway(listener("all", 80, hostname="*.example.com"), listener("one", 8080, hostname=host))
    on_all = {"name": "gate", "sectionName": "all"}
    assert found_in_chat(ports, service(), route(parents=[on_all], hostnames=[host])) == []
