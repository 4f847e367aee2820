"""The changes for clients: random pairs of route tables, and the lines that a person reads."""

import subprocess
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from compare import Comparison
from compare.asked import command
from compare.samples import strings_of
from compare.sites import NOBODY
from explain import Request
from tests.cases.builders import (
    backend,
    extension,
    extension_filter,
    gateway,
    path,
    policy,
    route,
    rule,
    target,
)
from tests.live.tables import Table, tables
from tests.unit.compare.plans_of import compared
from tests.unit.compare.route_tables import as_objects, pairs, same_class


def lines(comparison: Comparison) -> list[str]:
    return [str(change) for change in comparison.clients]


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink a failure takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(pairs(6, 20))
def test_a_request_outside_of_the_changed_classes_has_the_same_outcome(pair: tuple[Table, Table]) -> None:
    base, head = pair
    comparison = compared(as_objects(base), as_objects(head))
    changed = {one.key for one in comparison.questions.asked if one.changes}
    for request in (*base.requests_to(80), *head.requests_to(80)):
        one = same_class(request, comparison)
        assert one.before == one.after or one.key in changed, str(request)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(1))
def test_equal_tables_have_no_change(table: Table) -> None:
    comparison = compared(as_objects(table), as_objects(table))
    assert not comparison.differs
    assert comparison.summary == "nothing changes"


def test_a_rule_that_goes_to_another_backend_is_one_line_for_all_its_requests() -> None:
    before = route(rule(matches=[path("/"), path("/api")]), hostnames=["chat.example.com"])
    after = route(
        rule(matches=[path("/")]), rule(backend("api"), matches=[path("/api")]), hostnames=["chat.example.com"]
    )
    comparison = compared([before], [after])
    assert lines(comparison) == ["http://chat.example.com/api/*: web:80 100 % -> api:80 100 %"]
    (change,) = comparison.clients
    assert change.command == 'curl -i --resolve chat.example.com:80:"$ADDRESS" http://chat.example.com/api'
    assert comparison.nothing_else == "nothing else changes (2 classes of requests)"


def test_hosts_that_come_and_go_are_named() -> None:
    comparison = compared([route(hostnames=["old.example.com"])], [route(hostnames=["new.example.com"])])
    assert lines(comparison) == [
        "gone: http://old.example.com/*: web:80 100 % -> 404",
        "new: http://new.example.com/*: 404 -> web:80 100 %; open",
    ]


def test_a_method_and_a_header_are_part_of_the_line() -> None:
    head = route(
        rule(matches=[path("/")]),
        rule(backend("api"), matches=[{**path("/"), "method": "POST", "headers": [{"name": "x-user", "value": "1"}]}]),
    )
    (line,) = lines(compared([route(rule(matches=[path("/")]))], [head]))
    assert line == "POST http://*/*, header x-user=1: web:80 100 % -> api:80 100 %"


def test_shares_redirects_and_rewrites_are_compared() -> None:
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    (line,) = lines(compared([route()], [route({"filters": [redirect]})]))
    assert line == "http://*/*: web:80 100 % -> 301 to https, the same host, the same path"
    canary = route(rule(backend(weight=9), backend("api", weight=1)))
    (line,) = lines(compared([route()], [canary]))
    assert line == "http://*/*: web:80 100 % -> web:80 90 %, api:80 10 %"
    rewrite = {"type": "URLRewrite", "urlRewrite": {"hostname": "inner.example.com"}}
    (line,) = lines(compared([route()], [route(rule(filters=[rewrite]))]))
    assert line == "http://*/*: sent with its own path -> host inner.example.com"


def test_the_body_of_a_fixed_answer_and_the_settings_of_a_policy_are_compared() -> None:
    def fixed(body: str) -> list[Any]:
        answer = {"statusCode": 503, "body": {"type": "Inline", "inline": body}}
        return [
            route({"filters": [extension_filter("sorry")]}),
            extension("HTTPRouteFilter", "sorry", directResponse=answer),
        ]

    assert len(lines(compared(fixed("back at 9"), fixed("back at 10")))) == 1
    retry = policy("BackendTrafficPolicy", "rules", target("HTTPRoute", "web"), retry={"numRetries": 3})
    (line,) = lines(compared([route()], [route(), retry]))
    assert line == 'http://*/*: BackendTrafficPolicy retry none -> {"numRetries":3}'


def test_a_renamed_gateway_is_compared_with_its_successor() -> None:
    old, new = gateway(name="old"), gateway(name="new")
    comparison = compared(
        [old, route(parents=[{"name": "old"}])], [new, route(rule(backend("api")), parents=[{"name": "new"}])]
    )
    assert lines(comparison) == ["http://*/*: web:80 100 % -> api:80 100 %"]
    assert [str(loss) for loss in comparison.losses] == ["delete Gateway chat/old"]


def test_text_from_the_config_cannot_leave_a_command() -> None:
    request = Request(
        scheme="http", host="a.example.com", port=80, path="/'$(touch /tmp/x)`id`", headers=(("x", "';id"),)
    )
    words = subprocess.run(
        ["sh", "-c", f"ADDRESS=192.0.2.1; set -- {command(request)}; printf '%s\\n' \"$@\""],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert words == [
        "curl",
        "-i",
        "-H",
        "x: ';id",
        "--resolve",
        "a.example.com:80:192.0.2.1",
        "http://a.example.com/'$(touch /tmp/x)`id`",
    ]


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        ("/a.*", "/a"),
        ("/(a|b)/[0-9]+", "/a/0"),
        ("/v[12]{2}", "/v11"),
        (r"/\d\.json", "/7.json"),
        ("(?i)/x", "/x"),
        (r"/\pN", None),
    ],
)
def test_a_regular_expression_has_samples_or_none(pattern: str, sample: str | None) -> None:
    assert next(iter(strings_of(pattern)), None) == sample


def test_a_match_without_a_sample_is_counted() -> None:
    hard = route(rule(matches=[path(r"/\pN", "RegularExpression")]))
    comparison = compared([hard], [hard])
    assert [note for note in comparison.notes if "not represented" in note]


def test_the_host_that_nobody_names_is_asked() -> None:
    assert NOBODY in {one.request.host for one in compared([route()], [route()]).questions.asked}
