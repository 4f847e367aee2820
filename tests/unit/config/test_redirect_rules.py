"""Rules of `redirectToHttps`."""

from typing import Any

import pytest

from tests.unit.config.workloads import SHOP
from tests.unit.stacks import explained, parse, problems

PARTLY = {"https": {"hosts": {"synchat.internal": {"selfSigned": True}}}, "redirectToHttps": True}
WITHOUT_HTTPS = "redirect-host-without-https"


def listener(**keys: Any) -> dict[str, Any]:
    return {"listeners": [{"name": "a", "protocol": "HTTPS", "port": 8443, **keys}]}


def test_a_redirect_needs_https() -> None:
    assert problems({"gateway": {"redirectToHttps": True}}) == [("gateway.redirectToHttps", "redirect-needs-https")]


@pytest.mark.parametrize("gateway", [{"https": {"selfSigned": True}}, listener(secret="s")], ids=str)
def test_a_redirect_leads_to_https(gateway: dict[str, Any]) -> None:
    parse({"gateway": {"redirectToHttps": True, **gateway}})


def test_a_redirect_leads_to_one_port() -> None:
    gateway = {"redirectToHttps": True, "https": {"selfSigned": True}, **listener(secret="s")}
    assert explained({"gateway": gateway}) == [
        ("gateway.redirectToHttps", "redirect-needs-one-port", {"ports": "443 and 8443"})
    ]


@pytest.mark.parametrize(
    ("config", "places"),
    [
        ({}, ["api.hostname"]),
        ({"apps": {"shop": SHOP | {"hostname": "shop.internal"}}}, ["api.hostname", "apps.shop.hostname"]),
        (
            {"routes": {"a": {"hostnames": ["synchat.internal.", "b.internal"], "kind": "GRPCRoute"}}},
            ["api.hostname", "routes.a.hostnames[0]", "routes.a.hostnames[1]"],
        ),
        ({"routes": {"a": {"hostnames": ["a.internal"], "listeners": ["http"]}}}, ["api.hostname"]),
        ({"routes": {"a": {"hostnames": ["a.internal"], "parentRefs": []}}}, ["api.hostname"]),
        ({"routes": {"a": {"hostnames": ["a.internal"], "kind": "TLSRoute"}}}, ["api.hostname"]),
        ({"routes": {"a": {"hostnames": ["a.internal"], "gateway": "b"}}, "gateways": {"b": {}}}, ["api.hostname"]),
        ({"routes": {"a": {"backend": "web"}}}, ["api.hostname"]),
    ],
    ids=str,
)
def test_every_redirected_host_name_needs_https(config: dict[str, Any], places: list[str]) -> None:
    assert problems({"gateway": PARTLY, **config}) == [(place, WITHOUT_HTTPS) for place in places]


def test_the_fix_names_the_keys_of_the_gateway_that_redirects() -> None:
    route = {"hostnames": ["b.internal"], "backend": "web", "gateway": "inner"}
    config = {"gateways": {"inner": PARTLY}, "routes": {"b": route}}
    assert explained(config) == [("routes.b.hostnames[0]", WITHOUT_HTTPS, {"https": "gateways.inner.https"})]


@pytest.mark.parametrize(
    "https",
    [
        {"selfSigned": True},
        {"issuer": "ours"},
        {"hosts": {"synchat.internal": {"secret": "a"}, "*.internal": {"selfSigned": True}}},
        {"selfSigned": True, "hosts": {"synchat.internal": {"secret": "a"}}},
    ],
    ids=str,
)
def test_a_certificate_for_all_other_host_names_is_enough(https: dict[str, Any]) -> None:
    parse({"gateway": {"https": https, "redirectToHttps": True}, "secrets": {"a": {}}})


def test_a_listener_that_selects_namespaces_serves_no_route_of_the_stack() -> None:
    allowed = {"allowedRoutes": {"namespaces": {"from": "Selector"}}}
    gateway = {"redirectToHttps": True, **listener(secret="s", **allowed)}
    assert problems({"gateway": gateway}) == [("api.hostname", WITHOUT_HTTPS), ("web.hostname", WITHOUT_HTTPS)]
