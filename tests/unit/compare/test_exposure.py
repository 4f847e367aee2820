"""Exposure: each loosening of a set of policies is reported, and its reverse is not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from compare import compare
from tests.cases.builders import Manifest, backend, gateway, namespace, path, policy, route, rule, service, target
from tests.unit.compare.plans_of import compared, plan_of

Objects = dict[str, Manifest]
ISSUER = {"issuer": "https://login.example.com", "remoteJWKS": {"uri": "https://login.example.com/keys"}}


def guarded() -> Objects:
    """A route of each kind of guard, by name."""

    def security(name: str, **spec: Any) -> Manifest:
        return policy("SecurityPolicy", name, target("HTTPRoute", name), **spec)

    routes = {
        f"route-{name}": route(
            rule(backend("api"), matches=[path("/admin")]), name=name, hostnames=[f"{name}.example.com"]
        )
        for name in ("jwt", "key", "office", "limit", "cors", "method", "password")
    }
    routes["route-method"]["spec"]["rules"][0]["matches"][0]["method"] = "GET"
    routes["route-method"]["spec"]["rules"][0]["matches"][0]["headers"] = [{"name": "x-tenant", "value": "a"}]
    providers = [{"name": "login", "audiences": ["chat"], **ISSUER}]
    allow = {"name": "office", "action": "Allow", "principal": {"clientCIDRs": ["192.0.2.0/25"]}}
    limit = {"limit": {"requests": 10, "unit": "Minute"}}
    return {
        **routes,
        "jwt": security("jwt", jwt={"providers": providers}),
        "key": security("key", apiKeyAuth={"credentialRefs": [{"name": "keys"}], "extractFrom": [{"headers": ["x"]}]}),
        "password": security("password", basicAuth={"users": {"name": "users"}}),
        "office": security("office", authorization={"defaultAction": "Deny", "rules": [allow]}),
        "cors": security("cors", cors={"allowOrigins": ["https://chat.example.com"]}),
        "limit": policy(
            "BackendTrafficPolicy", "limit", target("HTTPRoute", "limit"), rateLimit={"local": {"rules": [limit]}}
        ),
    }


Mutation = Callable[[Objects], None]


def removed(name: str) -> Mutation:
    return lambda objects: (objects.pop(name), None)[1]


def at(name: str, *steps: str | int, to: object) -> Mutation:
    def mutate(objects: Objects) -> None:
        value: object = objects[name]
        for step in steps[:-1]:
            value = value[step]  # pyright: ignore
        value[steps[-1]] = to  # pyright: ignore

    return mutate


RULE = ("spec", "rules", 0)
MATCH = (*RULE, "matches", 0)
PROVIDER = ("spec", "jwt", "providers", 0)
AUTHORIZATION = ("spec", "authorization")
CIDRS = (*AUTHORIZATION, "rules", 0, "principal", "clientCIDRs")
LOOSENINGS: dict[str, Mutation] = {
    **{f"no {name}": removed(name) for name in ("jwt", "key", "password", "office", "limit")},
    "another target": at("jwt", "spec", "targetRefs", 0, "name", to="cors"),
    "another rule only": at("jwt", "spec", "targetRefs", 0, "sectionName", to="none"),
    "optional JWT": at("jwt", "spec", "jwt", "optional", to=True),
    "any audience": at("jwt", *PROVIDER, "audiences", to=[]),
    "one more audience": at("jwt", *PROVIDER, "audiences", to=["chat", "shop"]),
    "one more provider": at(
        "jwt", "spec", "jwt", "providers", to=[guarded()["jwt"]["spec"]["jwt"]["providers"][0], {"name": "b", **ISSUER}]
    ),
    "one more key": at("key", "spec", "apiKeyAuth", "credentialRefs", to=[{"name": "keys"}, {"name": "more"}]),
    "a wider network": at("office", *CIDRS, to=["192.0.2.0/24"]),
    "one more network": at("office", *CIDRS, to=["192.0.2.0/25", "198.51.100.7/32"]),
    "every network": at("office", *CIDRS, to=["0.0.0.0/0"]),
    "allow by default": at("office", *AUTHORIZATION, "defaultAction", to="Allow"),
    "a higher limit": at("limit", "spec", "rateLimit", "local", "rules", 0, "limit", "requests", to=100),
    "a limit per second": at("limit", "spec", "rateLimit", "local", "rules", 0, "limit", "unit", to="Second"),
    "no rule of the limit": at("limit", "spec", "rateLimit", "local", "rules", to=[]),
    "one more origin": at("cors", "spec", "cors", "allowOrigins", to=["https://chat.example.com", "*"]),
    "a wider path": at("route-jwt", *MATCH, "path", "value", to="/"),
    "a prefix for a path": at("route-jwt", *MATCH, "path", to={"type": "PathPrefix", "value": "/adm"}),
    "every method": lambda objects: objects["route-method"]["spec"]["rules"][0]["matches"][0].pop("method") and None,
    "every tenant": lambda objects: objects["route-method"]["spec"]["rules"][0]["matches"][0].pop("headers") and None,
    "one more host": at("route-jwt", "spec", "hostnames", to=["jwt.example.com", "more.example.com"]),
    "one more backend": at("route-jwt", *RULE, "backendRefs", to=[backend("api"), backend("web")]),
}
NOT_REVERSED = {"another target", "another rule only", "a prefix for a path"}
"""Mutations whose reverse loosens something as well, or that move a guard."""


@pytest.mark.parametrize("name", LOOSENINGS)
def test_a_loosening_is_reported(name: str) -> None:
    base, head = guarded(), guarded()
    LOOSENINGS[name](head)
    found = compared(list(base.values()), list(head.values())).exposure
    assert found, name
    assert all(one.command.startswith("curl ") for one in found)


@pytest.mark.parametrize("name", sorted(LOOSENINGS.keys() - NOT_REVERSED))
def test_the_tightening_is_not(name: str) -> None:
    base, head = guarded(), guarded()
    LOOSENINGS[name](base)
    assert [str(one) for one in compared(list(base.values()), list(head.values())).exposure] == []


def test_the_words_say_what_is_open() -> None:
    base, head = guarded(), guarded()
    del head["jwt"]
    (one,) = compared(list(base.values()), list(head.values())).exposure
    assert str(one) == "Service chat/api:80, http://jwt.example.com/admin/*: JWT (login) -> none"


def test_a_client_certificate_that_is_optional_is_reported() -> None:
    def on(**validation: object) -> list[Manifest]:
        secure = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "c"}]}}
        asked = {"clientValidation": {"caCertificateRefs": [{"kind": "ConfigMap", "name": "ca"}], **validation}}
        return [gateway(secure), policy("ClientTrafficPolicy", "tls", target("Gateway", "gate"), tls=asked), route()]

    (one,) = compared(on(), on(optional=True)).exposure
    assert str(one).endswith("client certificate -> client certificate (optional)")
    assert not compared(on(optional=True), on()).exposure


def test_with_a_committed_file_only_what_is_beyond_it_counts() -> None:
    common = [namespace(), gateway(), service(), service("api")]
    objects = [*common, *guarded().values()]
    plan = plan_of(objects)
    known = compare(plan, plan).exposure_lines
    assert any(line.startswith("Service chat/api:80 <- http://jwt.example.com/admin/*: JWT ") for line in known)
    opened = deepcopy(objects)
    opened = [one for one in opened if one["metadata"]["name"] != "key" or one["kind"] != "SecurityPolicy"]
    empty = plan_of(common)
    assert compare(empty, plan).exposure
    assert not compare(empty, plan, accepted_exposure=known).exposure
    (one,) = compare(plan, plan_of(opened), accepted_exposure=known).exposure
    assert one.what.startswith("open, not in the file (API key")
    without_guard = [line if "//key." not in line else line.rpartition(": ")[0] + ": open" for line in known]
    assert not compare(plan, plan_of(opened), accepted_exposure=without_guard).exposure
    assert not compare(plan, plan, accepted_exposure=without_guard).exposure
