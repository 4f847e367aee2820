"""What a rule does with a request: filters, backends and policies."""

import pytest

from explain.verdict import Taken
from tests.unit.explain.routing_parts import Wire, an_object, ask, gateway, listener, path, route, rule, service


def taken(objects: list[Wire], url: str = "http://h.test/") -> Taken:
    found = ask(objects, url).taken
    assert found is not None
    return found


def redirected(url: str, redirect: Wire, match: Wire | None = None, port: int = 8002) -> str:
    """Where to, as Envoy 1.39 answered when it was asked."""
    filters = [{"type": "RequestRedirect", "requestRedirect": redirect}]
    objects = [gateway(listener(port=port)), route("r", rule(match or {}, filters=filters))]
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
def test_a_redirect_says_where_to(path_sent: str, redirect: Wire, location: str) -> None:
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
    objects = [route("r", rule(path("/v1"), filters=[{"type": "URLRewrite", "urlRewrite": rewrite}]))]
    found = taken(objects, "http://h.test/v1/x?a=1")
    assert str(found.forwarded) == "GET http://inside.test/v2/x?a=1"
    assert found.answer is None


def test_filters_are_told_in_their_order() -> None:
    filters = [
        {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"set": [{"name": "a", "value": "1"}], "remove": ["b"]},
        },
        {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "copy", "port": 80}, "percent": 10}},
        {"type": "CORS", "cors": {"allowOrigins": ["https://o.test"]}},
    ]
    assert taken([route("r", rule(filters=filters))]).filters == (
        "RequestHeaderModifier: set a: 1, remove b",
        "RequestMirror: a copy to Service chat/copy:80, of 10 %",
        "CORS: origins https://o.test",
    )


def extended(spec: Wire | None) -> list[Wire]:
    reference = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "f"}
    own = [an_object("HTTPRouteFilter", "f", spec)] if spec is not None else []
    return [*own, route("r", rule(filters=[{"type": "ExtensionRef", "extensionRef": reference}]))]


def test_a_fixed_answer_needs_no_backend() -> None:
    verdict = ask(extended({"directResponse": {"statusCode": 403}}), "http://h.test/")
    assert verdict.taken
    assert verdict.taken.answer
    assert verdict.taken.answer.status == 403
    assert verdict.taken.backends == ()
    assert verdict.is_served


def test_an_expression_rewrites_the_path() -> None:
    replace = {"pattern": "^/service/([^/]+)(/.*)$", "substitution": r"\2/instance/\1"}
    change = {"urlRewrite": {"path": {"type": "ReplaceRegexMatch", "replaceRegexMatch": replace}}}
    assert taken(extended(change), "http://h.test/service/foo/v1").forwarded.path == "/v1/instance/foo"


def test_a_filter_that_is_not_there_is_answered_with_500() -> None:
    verdict = ask(extended(None), "http://h.test/")
    assert verdict.taken
    assert verdict.taken.answer
    assert verdict.taken.answer.reason == "there is no HTTPRouteFilter chat/f"
    assert not verdict.is_served


def test_backends_have_the_share_of_their_weight() -> None:
    refs = [
        {"name": "web", "port": 80, "weight": 3},
        {"name": "new", "port": 80},
        {"name": "web", "port": 80, "weight": 0},
    ]
    found = taken([service("new"), route("r", rule(backendRefs=refs))])
    assert [(str(each), each.share) for each in found.backends] == [
        ("Service chat/web:80", 0.75),
        ("Service chat/new:80", 0.25),
        ("Service chat/web:80", 0.0),
    ]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ({"name": "nosuch", "port": 80}, "there is no Service chat/nosuch"),
        ({"name": "web", "port": 81}, "it has no port 81, only 80"),
        (
            {"name": "web", "port": 80, "namespace": "other"},
            "no ReferenceGrant in other lets a HTTPRoute of chat refer to it",
        ),
    ],
)
def test_a_backend_that_cannot_be_used_says_why_and_is_answered_with_500(reference: Wire, problem: str) -> None:
    objects = [service(namespace="other"), route("r", rule(backendRefs=[reference]))]
    verdict = ask(objects, "http://h.test/")
    assert verdict.taken
    assert [each.problem for each in verdict.taken.backends] == [problem]
    assert verdict.taken.answer
    assert verdict.taken.answer.status == 500
    assert not verdict.is_served


@pytest.mark.parametrize(("name", "allowed"), [(None, True), ("web", True), ("api", False)])
def test_a_reference_grant_opens_another_namespace(name: str | None, allowed: bool) -> None:
    to = {"group": "", "kind": "Service"} | ({"name": name} if name else {})
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "chat"}
    grant = an_object("ReferenceGrant", "g", {"from": [source], "to": [to]}, namespace="other")
    refs = [{"name": "web", "port": 80, "namespace": "other"}]
    verdict = ask([grant, service(namespace="other"), route("r", rule(backendRefs=refs))], "http://h.test/")
    assert verdict.is_served == allowed


def policy(kind: str, name: str, target: Wire, **spec: Wire | str) -> Wire:
    reference = {"group": "gateway.networking.k8s.io"} | target
    return an_object(kind, name, {"targetRefs": [reference]} | spec)


ON_GATEWAY = {"kind": "Gateway", "name": "gw"}
ON_LISTENER = ON_GATEWAY | {"sectionName": "http"}
ON_ROUTE = {"kind": "HTTPRoute", "name": "r"}
ON_RULE = ON_ROUTE | {"sectionName": "main"}
NAMED = route("r", rule(name="main"))


def names(objects: list[Wire], *, counting: bool = True) -> list[str]:
    return [each.policy.name for each in taken([NAMED, *objects]).policies if each.counts == counting]


def test_the_policy_at_the_narrowest_place_counts_alone() -> None:
    places = {"gateway": ON_GATEWAY, "listener": ON_LISTENER, "route": ON_ROUTE, "rule": ON_RULE}
    objects = [policy("SecurityPolicy", name, place) for name, place in places.items()]
    assert names(objects) == ["rule"]
    assert names(objects, counting=False) == ["route", "listener", "gateway"]
    assert names(objects[:3]) == ["route"]
    assert names(objects[:2]) == ["listener"]
    assert names(objects[:1]) == ["gateway"]


def test_a_policy_with_a_merge_type_is_merged_over_the_nearest_of_listener_and_gateway() -> None:
    merging = policy("BackendTrafficPolicy", "route", ON_ROUTE, mergeType="StrategicMerge", retry={})
    objects = [merging, policy("BackendTrafficPolicy", "gateway", ON_GATEWAY, timeout={})]
    found = taken([NAMED, *objects]).policies
    assert [(each.policy.name, each.counts, each.settings) for each in found] == [
        ("route", True, ("retry",)),
        ("gateway", True, ("timeout",)),
    ]
    assert found[0].note == "merged over BackendTrafficPolicy chat/gateway (StrategicMerge)"
    with_listener = [*objects, policy("BackendTrafficPolicy", "listener", ON_LISTENER)]
    assert names(with_listener) == ["route", "listener"]
    assert names(with_listener, counting=False) == ["gateway"]


def test_policies_stand_in_the_order_in_which_a_request_meets_them() -> None:
    service_target = {"group": "", "kind": "Service", "name": "web"}
    kinds = ("BackendTrafficPolicy", "EnvoyExtensionPolicy", "SecurityPolicy", "ClientTrafficPolicy")
    objects = [an_object("BackendTLSPolicy", "tls", {"targetRefs": [service_target]})]
    objects += [policy(kind, kind, ON_GATEWAY) for kind in kinds]
    assert names(objects) == [*reversed(kinds), "tls"]


def test_of_two_policies_at_one_place_the_older_counts() -> None:
    new, old = policy("SecurityPolicy", "a", ON_ROUTE), policy("SecurityPolicy", "z", ON_ROUTE)
    new["metadata"]["creationTimestamp"] = "2026-02-02T00:00:00Z"
    old["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    assert names([new, old]) == ["z"]


def test_a_policy_reaches_no_other_namespace_and_no_other_object() -> None:
    foreign = policy("SecurityPolicy", "foreign", ON_ROUTE)
    foreign["metadata"]["namespace"] = "other"
    assert names([foreign, policy("SecurityPolicy", "another", ON_ROUTE | {"name": "s"})]) == []


@pytest.mark.parametrize(
    ("settings", "compared"),
    [
        ({}, "/a/b"),
        ({"escapedSlashesAction": "UnescapeAndForward"}, "/a/b"),
        ({"escapedSlashesAction": "KeepUnchanged"}, "/a%2Fb"),
    ],
)
def test_a_client_traffic_policy_says_what_becomes_of_escaped_slashes(settings: Wire, compared: str) -> None:
    objects = [route("r"), policy("ClientTrafficPolicy", "p", ON_LISTENER, path=settings)]
    verdict = ask(objects, "http://h.test/a%2Fb")
    assert verdict.request.path == compared
    assert any("307" in note for note in verdict.notes) == (not settings)


def test_a_client_traffic_policy_may_refuse_escaped_slashes() -> None:
    settings = {"escapedSlashesAction": "RejectRequest"}
    verdict = ask([route("r"), policy("ClientTrafficPolicy", "p", ON_GATEWAY, path=settings)], "http://h.test/a%2Fb")
    assert "400" in verdict.refusal
    assert not verdict.is_served


def test_a_client_traffic_policy_may_keep_double_slashes() -> None:
    settings = {"disableMergeSlashes": True}
    verdict = ask([route("r"), policy("ClientTrafficPolicy", "p", ON_GATEWAY, path=settings)], "http://h.test/a//b")
    assert verdict.request.path == "/a//b"


def test_a_policy_selects_its_targets_by_label() -> None:
    labelled = route("r", labels={"team": "chat"})
    selector = {"kind": "HTTPRoute", "matchLabels": {"team": "chat"}}
    objects = [an_object("SecurityPolicy", "p", {"targetSelectors": [selector]})]
    assert [each.policy.name for each in taken([labelled, *objects]).policies] == ["p"]
    assert taken([route("r"), *objects]).policies == ()


def test_a_backend_tls_policy_for_a_port_goes_before_one_for_the_service() -> None:
    target = {"group": "", "kind": "Service", "name": "web"}
    whole = an_object("BackendTLSPolicy", "whole", {"targetRefs": [target]})
    port = an_object("BackendTLSPolicy", "port", {"targetRefs": [target | {"sectionName": "http"}]})
    assert names([whole, port]) == ["port"]
