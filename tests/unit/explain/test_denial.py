"""Answers of 401 and 403 that parts of a SecurityPolicy give before the 500 for another part, a filter or a backend."""

from typing import Any

import pytest

from tests.cases.builders import Manifest, backend, extension, gateway, manifest, policy, route, rule, target
from tests.cases.case import classes
from tests.unit.explain.asked import ask

OF_WEB, OF_GATE = target("HTTPRoute", "web"), target("Gateway", "gate")
HOST = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "Host", "value": "x"}]}}
BROKEN = route(rule(filters=[HOST]))
"""A route with a filter that Envoy Gateway refuses, and with all parts of its SecurityPolicy."""

KEYS = {"credentialRefs": [{"name": "keys"}], "extractFrom": [{"headers": ["x-api-key"], "params": ["key"]}]}
USERS = {"users": {"name": "users"}}
TOKENS = {"providers": [{"name": "one", "issuer": "https://issuer.example.com", "localJWKS": {"inline": "{}"}}]}
SERVICE = {"http": {"backendRefs": [backend()]}}
SECRETS = [
    manifest("Secret", "keys", stringData={"ada": "one"}),
    manifest("Secret", "users", stringData={".htpasswd": "ada:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="}),
]


def denied(objects: list[Manifest], *headers: str, method: str = "", url: str = "http://h.test/") -> tuple[int, str]:
    """The status, and the part that gives it; empty for an answer of the rule itself."""
    verdict = ask([*SECRETS, *objects], url, method, *headers)
    assert verdict.taken
    assert verdict.taken.answer
    answer = verdict.taken.answer
    assert not verdict.is_served
    assert answer.is_denial == (answer.status != 500)
    before, _, after = answer.reason.partition(" may answer first (")
    part = after if after else before.partition(" (")[2] if answer.is_denial else ""
    return answer.status, part.partition(")")[0]


def login(**parts: Any) -> Manifest:
    return policy("SecurityPolicy", "login", OF_WEB, **parts)


@pytest.mark.parametrize(
    ("part", "settings", "status"),
    [
        ("apiKeyAuth", KEYS, 401),
        ("basicAuth", USERS, 401),
        ("jwt", TOKENS, 401),
        ("authorization", {"defaultAction": "Deny"}, 403),
        ("authorization", {}, 403),
    ],
)
def test_a_part_that_denies_comes_before_the_500_of_a_filter(part: str, settings: Any, status: int) -> None:
    assert denied([BROKEN, login(**{part: settings})]) == (status, part)


@pytest.mark.parametrize(
    ("part", "settings", "header"),
    [
        ("apiKeyAuth", KEYS, "x-api-key: one"),
        ("basicAuth", USERS, "authorization: Basic YWRhOng="),
        ("jwt", TOKENS, "authorization: Bearer a.b.c"),
    ],
)
def test_a_request_with_credentials_gets_the_500(part: str, settings: Any, header: str) -> None:
    assert denied([BROKEN, login(**{part: settings})], header) == (500, "")


def test_the_answer_names_the_policy_and_the_reason_for_the_500() -> None:
    taken = ask([*SECRETS, BROKEN, login(basicAuth=USERS)], "http://h.test/").taken
    assert taken
    assert taken.answer
    assert taken.answer.reason.startswith(
        "because SecurityPolicy chat/login needs a user name and a password (basicAuth); a request that passes gets "
        "500, because Envoy Gateway refuses HTTPRoute chat/web: spec.rules[0].filters[0]"
    )
    assert taken.answer.refusal
    assert taken.answer.refusal.reason.code == "filter-host-header"


def test_a_refused_part_does_not_deny_and_the_others_do() -> None:
    missing = {"users": {"name": "nobody"}}
    assert denied([route(), login(basicAuth=missing)]) == (500, "")
    assert denied([route(), login(basicAuth=missing, apiKeyAuth=KEYS)]) == (401, "apiKeyAuth")
    assert denied([route(), login(basicAuth=missing, apiKeyAuth=KEYS)], "x-api-key: one") == (500, "")


def test_a_policy_denies_before_a_rule_without_a_usable_backend() -> None:
    assert denied([route(rule(backend("web", weight=0))), login(apiKeyAuth=KEYS)]) == (401, "apiKeyAuth")
    assert denied([route(rule(backend("nothing"))), login(apiKeyAuth=KEYS)]) == (401, "apiKeyAuth")


def test_the_first_part_in_envoys_order_denies() -> None:
    every = login(authorization={}, jwt=TOKENS, basicAuth=USERS, apiKeyAuth=KEYS)
    key, password = "x-api-key: one", "authorization: Basic YWRhOng="
    assert denied([BROKEN, every]) == (401, "apiKeyAuth")
    assert denied([BROKEN, every], key) == (401, "basicAuth")
    assert denied([BROKEN, every], key, password) == (401, "jwt")
    assert denied([BROKEN, every], key, password, url="http://h.test/?access_token=a.b.c") == (403, "authorization")


@pytest.mark.parametrize("optional", ["optional", "failOpen"])
def test_an_optional_token_is_not_needed(optional: str) -> None:
    assert denied([BROKEN, login(jwt=TOKENS | {optional: True})]) == (500, "")


@pytest.mark.parametrize(
    ("rules", "default", "expected"),
    [
        ([{"action": "Allow", "operation": {"methods": ["GET"]}}], "Deny", (500, "")),
        ([{"action": "Allow", "operation": {"methods": ["PUT"]}}], "Deny", (403, "authorization")),
        ([{"action": "Deny", "operation": {"path": {"value": "/a"}}}], "Allow", (500, "")),
        ([{"action": "Deny", "operation": {"path": {"value": "/a", "invert": True}}}], "Allow", (403, "authorization")),
        ([{"action": "Allow", "principal": {"clientCIDRs": ["10.0.0.0/8"]}}], "Deny", (500, "authorization")),
        ([{"action": "Deny", "principal": {"clientCIDRs": ["10.0.0.0/8"]}}], "Deny", (403, "authorization")),
        ([{"action": "Deny", "principal": {"clientCIDRs": ["10.0.0.0/8"]}}], "Allow", (500, "authorization")),
        ([{"action": "Allow", "principal": {"headers": [{"name": "A", "values": ["1"]}]}}], "Deny", (500, "")),
        (
            [{"action": "Allow", "principal": {"headers": [{"name": "a", "values": ["2"]}]}}],
            "Deny",
            (403, "authorization"),
        ),
        ([{"action": "Allow", "principal": {"jwt": {"provider": "one"}}}], "Deny", (403, "authorization")),
        ([{"action": "Allow", "cel": "true"}], "Deny", (500, "authorization")),
    ],
)
def test_authorization_denies_where_the_request_alone_decides(
    rules: list[Manifest], default: str, expected: tuple[int, str]
) -> None:
    authorization = {"defaultAction": default, "rules": rules}
    assert denied([BROKEN, login(authorization=authorization)], "a: 1") == expected


def test_locations_that_another_policy_looks_up_leave_the_answer_open() -> None:
    places = {
        "rules": [{"action": "Allow", "principal": {"clientIPGeoLocations": [{"country": "CH"}, {"city": "Bern"}]}}]
    }
    country = {"rules": [{"action": "Allow", "principal": {"clientIPGeoLocations": [{"country": "CH"}]}}]}
    maxmind = {"provider": {"type": "MaxMind", "maxMind": {"countryDbSource": {"local": {"path": "/c.mmdb"}}}}}
    objects = [
        *classes(),
        gateway(
            infrastructure={"parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "p"}}
        ),
        extension("EnvoyProxy", "p", geoIP=maxmind),
        policy("ClientTrafficPolicy", "clients", OF_GATE, clientIPDetection={"directSourceIP": {}}),
        route(),
        login(authorization=places),
    ]
    assert denied(objects) == (403, "authorization")
    others = [
        route(name="other", hostnames=["other.test"]),
        policy("SecurityPolicy", "other", target("HTTPRoute", "other"), authorization=country),
    ]
    assert denied([*objects, *others]) == (500, "authorization")


@pytest.mark.parametrize("part", ["extAuth", "oidc"])
def test_a_part_that_asks_another_service_may_answer_first(part: str) -> None:
    assert denied([BROKEN, login(**{part: SERVICE}, authorization={})]) == (500, part)


def test_what_may_change_the_answer_is_not_predicted() -> None:
    keys = login(apiKeyAuth=KEYS)
    fault = policy("BackendTrafficPolicy", "faults", OF_WEB, faultInjection={"abort": {"httpStatus": 418}})
    assert denied([BROKEN, keys, fault]) == (500, "apiKeyAuth")
    preflight = "origin: http://a.test", "access-control-request-method: GET"
    assert denied([BROKEN, keys], *preflight, method="OPTIONS") == (500, "apiKeyAuth")
    assert denied([BROKEN, login(apiKeyAuth=KEYS, csrf={})], method="POST") == (500, "csrf")
    assert denied([BROKEN, login(apiKeyAuth=KEYS, csrf={})]) == (401, "apiKeyAuth")
    script = policy("EnvoyExtensionPolicy", "scripts", OF_WEB, extProc=[{"backendRefs": [backend()]}])
    assert denied([BROKEN, login(authorization={}), script]) == (500, "authorization")
    assert denied([BROKEN, keys, script]) == (401, "apiKeyAuth")
    ordered = extension(
        "EnvoyProxy", "p", filterOrder=[{"name": "envoy.filters.http.rbac", "before": "envoy.filters.http.cors"}]
    )
    own = gateway(
        infrastructure={"parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "p"}}
    )
    assert denied([own, ordered, BROKEN, keys]) == (500, "apiKeyAuth")


def test_merged_policies_deny_by_parts() -> None:
    parent = policy("SecurityPolicy", "all", OF_GATE, apiKeyAuth=KEYS, authorization={"defaultAction": "Allow"})
    child = login(authorization={}, mergeType="StrategicMerge")
    assert denied([BROKEN, parent, child]) == (401, "apiKeyAuth")
    assert denied([BROKEN, parent, child], "x-api-key: one") == (500, "authorization")
    assert denied([BROKEN, parent, login(authorization={})]) == (403, "authorization")
