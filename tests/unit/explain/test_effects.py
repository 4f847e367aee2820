"""Effects of a rule on a request: filters, backends and policies."""

import pytest

from explain.verdict import Taken
from tests.cases.builders import (
    SHOP,
    Manifest,
    extension,
    extension_filter,
    gateway,
    grant,
    listener,
    path,
    policy,
    route,
    rule,
    service,
    target,
)
from tests.unit.explain.asked import ask


def taken(objects: list[Manifest], url: str = "http://h.test/") -> Taken:
    found = ask(objects, url).taken
    assert found is not None
    return found


def redirected(url: str, redirect: Manifest, match: Manifest | None = None, port: int = 8002) -> str:
    """Status and location, which tests expect as Envoy 1.39 answered them."""
    filters = [{"type": "RequestRedirect", "requestRedirect": redirect}]
    objects = [gateway(listener(port=port)), route(rule(matches=[match or {}], filters=filters))]
    answer = taken(objects, url).answer
    assert answer is not None
    return f"{answer.status} {answer.location}"


@pytest.mark.parametrize(
    ("path_sent", "redirect", "location"),
    [
        ("/x?a=1", {"statusCode": 301}, "301 http://h.test:8002/x?a=1"),
        ("/x", {"scheme": "https"}, "302 https://h.test:8002/x"),
        ("/x", {"hostname": "other.test"}, "302 http://other.test:8002/x"),
        ("/x", {"port": 9000}, "302 http://h.test:9000/x"),
        ("/x", {"port": 80}, "302 http://h.test:8002/x"),
        ("/x?a=1", {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}}, "302 http://h.test:8002/new?a=1"),
    ],
)
def test_a_redirect_has_a_location(path_sent: str, redirect: Manifest, location: str) -> None:
    assert redirected(f"http://h.test:8002{path_sent}", redirect) == location


def test_a_redirect_from_the_usual_port_has_no_port() -> None:
    assert redirected("http://h.test/x", {"scheme": "https"}, port=80) == "302 https://h.test/x"


@pytest.mark.parametrize(
    ("prefix", "sent", "new", "path_after"),
    [
        ("/pre", "/pre/x", "/new", "/new/x"),
        ("/pre", "/pre", "/new", "/new"),
        ("/pre/", "/pre/x", "/new/", "/new//x"),
        ("/root", "/root/x", "/", "/x"),
        ("/root", "/root", "", "/"),
        ("/root/", "/root", "/", "/root"),
        ("/", "/other", "/x", "/xother"),
    ],
)
def test_a_redirect_replaces_the_prefix_as_envoy_does(prefix: str, sent: str, new: str, path_after: str) -> None:
    change = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": new}}
    assert redirected(f"http://h.test:8002{sent}", change, path(prefix)) == f"302 http://h.test:8002{path_after}"


def test_a_rewrite_shows_the_url_that_the_backend_sees() -> None:
    rewrite = {"hostname": "inside.test", "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2/"}}
    objects = [route(rule(matches=[path("/v1")], filters=[{"type": "URLRewrite", "urlRewrite": rewrite}]))]
    found = taken(objects, "http://h.test/v1/x?a=1")
    assert str(found.forwarded) == "GET http://inside.test/v2/x?a=1"
    assert found.answer is None


def test_filters_are_listed_in_their_order() -> None:
    filters = [
        {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"set": [{"name": "a", "value": "1"}], "remove": ["b"]},
        },
        {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copy", "port": 80}, "percent": 10}},
        {"type": "CORS", "cors": {"allowOrigins": ["https://o.test"]}},
    ]
    assert taken([route(rule(filters=filters))]).filters == (
        "RequestHeaderModifier: set a: 1, remove b",
        "RequestMirror: a copy to Service chat/copy:80, of 10 %",
        "CORS: origins https://o.test",
    )


def extended(**spec: Manifest) -> list[Manifest]:
    return [extension("HTTPRouteFilter", "f", **spec), route(rule(filters=[extension_filter("f")]))]


def test_a_fixed_answer_needs_no_backend() -> None:
    verdict = ask(extended(directResponse={"statusCode": 403}), "http://h.test/")
    assert verdict.taken
    assert verdict.taken.answer
    assert verdict.taken.answer.status == 403
    assert verdict.taken.backends == ()
    assert verdict.is_served


def test_an_expression_rewrites_the_path() -> None:
    replace = {"pattern": "^/service/([^/]+)(/.*)$", "substitution": r"\2/instance/\1"}
    change = {"path": {"type": "ReplaceRegexMatch", "replaceRegexMatch": replace}}
    assert taken(extended(urlRewrite=change), "http://h.test/service/foo/v1").forwarded.path == "/v1/instance/foo"


def test_a_missing_filter_is_answered_with_500() -> None:
    verdict = ask([route(rule(filters=[extension_filter("f")]))], "http://h.test/")
    assert verdict.taken
    assert verdict.taken.answer
    assert verdict.taken.answer.refusal
    assert (verdict.taken.answer.status, verdict.taken.answer.refusal.reason.code) == (500, "reference-missing")
    assert verdict.taken.filters == ("ExtensionRef: HTTPRouteFilter chat/f does not exist",)
    assert not verdict.is_served


def test_backends_have_the_share_of_their_weight() -> None:
    refs = [
        {"name": "web", "port": 80, "weight": 3},
        {"name": "new", "port": 80},
        {"name": "web", "port": 80, "weight": 0},
    ]
    found = taken([service("new"), route(rule(*refs))])
    assert [(str(backend), backend.share) for backend in found.backends] == [
        ("Service chat/web:80", 0.75),
        ("Service chat/new:80", 0.25),
        ("Service chat/web:80", 0.0),
    ]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ({"name": "nosuch", "port": 80}, "reference-missing"),
        ({"name": "web", "port": 81}, "service-port-missing"),
        ({"name": "web", "port": 80, "namespace": SHOP}, "reference-not-permitted"),
    ],
)
def test_a_backend_with_a_problem_is_answered_with_500(reference: Manifest, code: str) -> None:
    objects = [service(namespace=SHOP), route(rule(reference))]
    verdict = ask(objects, "http://h.test/")
    assert verdict.taken
    (backend,) = verdict.taken.backends
    assert backend.refusal
    assert backend.refusal.reason.code == code
    assert verdict.taken.answer
    assert verdict.taken.answer.status == 500
    assert not verdict.is_served


@pytest.mark.parametrize(("to", "allowed"), [({}, True), ({"name": "web"}, True), ({"name": "api"}, False)])
def test_a_reference_grant_opens_another_namespace(to: dict[str, str], allowed: bool) -> None:
    reference = {"name": "web", "port": 80, "namespace": SHOP}
    verdict = ask(
        [grant("HTTPRoute", **to), service(namespace=SHOP), route(rule(reference))],
        "http://h.test/",
    )
    assert verdict.is_served == allowed


ON_GATEWAY = target("Gateway", "gate")
ON_LISTENER = target("Gateway", "gate", "http")
ON_ROUTE = target("HTTPRoute", "web")
ON_RULE = target("HTTPRoute", "web", "main")
ON_SERVICE = target("Service", "web", group="")
NAMED = route(rule(name="main"))


def names(objects: list[Manifest], *, applying: bool = True) -> list[str]:
    found = taken([NAMED, *objects]).policies
    return [applied.policy.name for applied in found if applied.applies == applying]


def test_the_policy_at_the_narrowest_place_applies_alone() -> None:
    places = {"gateway": ON_GATEWAY, "listener": ON_LISTENER, "route": ON_ROUTE, "rule": ON_RULE}
    objects = [policy("SecurityPolicy", name, place) for name, place in places.items()]
    assert names(objects) == ["rule"]
    assert names(objects, applying=False) == ["route", "listener", "gateway"]
    assert names(objects[:3]) == ["route"]
    assert names(objects[:2]) == ["listener"]
    assert names(objects[:1]) == ["gateway"]


def test_a_policy_with_a_merge_type_is_merged_over_the_nearest_of_listener_and_gateway() -> None:
    merging = policy("BackendTrafficPolicy", "route", ON_ROUTE, mergeType="StrategicMerge", retry={})
    objects = [merging, policy("BackendTrafficPolicy", "gateway", ON_GATEWAY, timeout={})]
    found = taken([NAMED, *objects]).policies
    assert [(applied.policy.name, applied.applies, applied.settings) for applied in found] == [
        ("route", True, ("retry",)),
        ("gateway", True, ("timeout",)),
    ]
    assert found[0].note == "merged over BackendTrafficPolicy chat/gateway (StrategicMerge)"
    with_listener = [*objects, policy("BackendTrafficPolicy", "listener", ON_LISTENER)]
    assert names(with_listener) == ["route", "listener"]
    assert names(with_listener, applying=False) == ["gateway"]


def test_policies_stand_in_the_order_in_which_a_request_meets_them() -> None:
    kinds = ("BackendTrafficPolicy", "EnvoyExtensionPolicy", "SecurityPolicy", "ClientTrafficPolicy")
    objects = [policy("BackendTLSPolicy", "tls", ON_SERVICE)]
    objects += [policy(kind, kind, ON_GATEWAY) for kind in kinds]
    assert names(objects) == [*reversed(kinds), "tls"]


def test_of_two_policies_at_one_place_the_older_applies() -> None:
    new = policy("SecurityPolicy", "a", ON_ROUTE, created="2026-02-02T00:00:00Z")
    old = policy("SecurityPolicy", "z", ON_ROUTE, created="2026-01-01T00:00:00Z")
    assert names([new, old]) == ["z"]


def test_a_policy_reaches_no_other_namespace_and_no_other_object() -> None:
    foreign = policy("SecurityPolicy", "foreign", ON_ROUTE)
    foreign["metadata"]["namespace"] = SHOP
    assert names([foreign, policy("SecurityPolicy", "another", target("HTTPRoute", "other"))]) == []


@pytest.mark.parametrize(
    ("settings", "compared"),
    [
        ({}, "/a/b"),
        ({"escapedSlashesAction": "UnescapeAndForward"}, "/a/b"),
        ({"escapedSlashesAction": "KeepUnchanged"}, "/a%2Fb"),
    ],
)
def test_a_client_traffic_policy_decides_about_escaped_slashes(settings: Manifest, compared: str) -> None:
    objects = [route(), policy("ClientTrafficPolicy", "p", ON_LISTENER, path=settings)]
    verdict = ask(objects, "http://h.test/a%2Fb")
    assert verdict.request.path == compared
    assert any("307" in note for note in verdict.notes) == (not settings)


def test_a_client_traffic_policy_may_refuse_escaped_slashes() -> None:
    settings = {"escapedSlashesAction": "RejectRequest"}
    verdict = ask([route(), policy("ClientTrafficPolicy", "p", ON_GATEWAY, path=settings)], "http://h.test/a%2Fb")
    assert verdict.refusal
    assert verdict.refusal.reason.code == "request-path-rejected"
    assert not verdict.is_served


def test_a_client_traffic_policy_may_keep_double_slashes() -> None:
    settings = {"disableMergeSlashes": True}
    verdict = ask([route(), policy("ClientTrafficPolicy", "p", ON_GATEWAY, path=settings)], "http://h.test/a//b")
    assert verdict.request.path == "/a//b"


def test_a_policy_selects_its_targets_by_label() -> None:
    selector = {"kind": "HTTPRoute", "matchLabels": {"team": "chat"}}
    selecting = extension("SecurityPolicy", "p", targetSelectors=[selector])
    found = taken([route(labels={"team": "chat"}), selecting]).policies
    assert [applied.policy.name for applied in found] == ["p"]
    assert taken([route(), selecting]).policies == ()


def test_a_backend_tls_policy_for_a_port_goes_before_one_for_the_service() -> None:
    whole = policy("BackendTLSPolicy", "whole", ON_SERVICE)
    port = policy("BackendTLSPolicy", "port", target("Service", "web", "port-80", group=""))
    assert names([whole, port]) == ["port"]
