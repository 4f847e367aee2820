"""Answers of 500 that Envoy Gateway gives for refused filters, backends and policies, beyond those of tests/cases."""

import pytest

from gatewayapi.kinds import ENVOY_GATEWAY
from tests.cases.builders import (
    Manifest,
    backend,
    extension,
    extension_filter,
    gateway,
    listener,
    path,
    policy,
    route,
    rule,
    service,
    target,
    tls_listener,
)
from tests.unit.explain.asked import ask, taker

TOO_LARGE = {"bufferLimit": "4Gi"}
OF_WEB, OF_GATE = target("HTTPRoute", "web"), target("Gateway", "gate")
HOST = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "Host", "value": "x"}]}}
BROKEN = {"path": {"type": "ReplaceRegexMatch", "replaceRegexMatch": {"pattern": "(", "substitution": "/"}}}


def refused(objects: list[Manifest], url: str = "http://h.test/") -> str | None:
    """The object that Envoy Gateway refuses, and the code of its problem; None without an answer of 500."""
    verdict = ask(objects, url)
    assert verdict.taken
    answer = verdict.taken.answer
    if answer is None or answer.refusal is None:
        return None
    assert (answer.status, verdict.is_served) == (500, False)
    return f"{answer.refusal.what.partition(':')[0]} {answer.refusal.reason.code}"


def test_the_answer_names_the_field_and_how_to_correct_it() -> None:
    limits = policy("BackendTrafficPolicy", "limits", OF_WEB, connection=TOO_LARGE)
    taken = ask([route(), limits], "http://h.test/").taken
    assert taken and taken.answer and taken.answer.refusal
    assert taken.answer.refusal.what == 'BackendTrafficPolicy chat/limits: spec.connection.bufferLimit = "4Gi"'
    assert [found.refusal for found in taken.policies] == [taken.answer.refusal]
    assert taken.backends == ()


def test_a_refused_policy_replaces_a_redirect() -> None:
    moved = route(rule(filters=[{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]))
    limits = policy("BackendTrafficPolicy", "limits", OF_WEB, connection=TOO_LARGE)
    assert refused([moved, limits]) == "BackendTrafficPolicy chat/limits limit-bytes"


def test_a_policy_that_reaches_no_target_is_no_answer() -> None:
    nowhere = policy("BackendTrafficPolicy", "limits", target("HTTPRoute", "wbe"), connection=TOO_LARGE)
    assert refused([route(), nowhere]) is None
    second_nowhere = policy("BackendTrafficPolicy", "two", OF_WEB, target("HTTPRoute", "wbe"), retry={"numRetries": 2})
    assert refused([route(), second_nowhere]) is None
    older = policy("BackendTrafficPolicy", "a", OF_WEB, retry={"numRetries": 2}, created="2026-01-01T00:00:00Z")
    younger = policy("BackendTrafficPolicy", "b", OF_WEB, connection=TOO_LARGE, created="2026-02-01T00:00:00Z")
    assert refused([route(), younger, older]) is None


def test_a_field_that_the_api_server_drops_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.explain.asked.VERSION", "1.5.1")
    unknown = policy("BackendTrafficPolicy", "limits", OF_WEB, bandwidthLimit={})
    assert refused([route(), unknown]) is None


def test_the_tls_settings_of_a_client_traffic_policy_matter_to_https_listeners_only() -> None:
    missing = {"clientValidation": {"caCertificateRefs": [{"name": "ca", "kind": "ConfigMap"}]}}
    objects = [
        gateway(listener(), tls_listener("https", None, "cert")),
        route(),
        policy("ClientTrafficPolicy", "clients", OF_GATE, tls=missing),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "chat"}},
    ]
    assert refused(objects) is None
    assert refused(objects, "https://h.test/") == "ClientTrafficPolicy chat/clients reference-missing"


def test_a_client_traffic_policy_for_a_part_of_a_port_changes_nothing() -> None:
    both = gateway(listener("one", hostname="h.test"), listener("two", hostname="other.test"))
    rejecting = {"escapedSlashesAction": "RejectRequest"}
    part = policy("ClientTrafficPolicy", "clients", target("Gateway", "gate", "one"), path=rejecting)
    verdict = ask([both, route(hostnames=["h.test"]), part], "http://h.test/a%2Fb")
    assert verdict.refusal is None
    assert verdict.taken
    (found,) = verdict.taken.policies
    assert (found.applies, found.note) == (
        False,
        "Envoy Gateway ignores it: listener two of Gateway chat/gate is on port 80 too, and listeners without TLS "
        "share the settings of their port",
    )


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"wasm": [{"failOpen": True, "code": {"image": {"pullSecretRef": {"name": "s"}}}}]}, None),
        ({"extProc": [{"failOpen": True, "backendRefs": [backend("x")]}]}, None),
        ({"extProc": [{"failOpen": True, "backendRefs": [backend("x")]}, {"backendRefs": [backend("y")]}]}, "y"),
    ],
    ids=["wasm", "extProc", "one of two"],
)
def test_an_extension_that_fails_open_is_left_out(spec: Manifest, code: str | None) -> None:
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": "chat"}, "data": {}}
    objects = [route(), other, policy("EnvoyExtensionPolicy", "filters", OF_WEB, **spec)]
    assert refused(objects) == (code and "EnvoyExtensionPolicy chat/filters reference-missing")


def test_authorization_that_fails_open_does_not_hide_another_problem() -> None:
    auth = {"failOpen": True, "http": {"backendRefs": [backend("auth")]}}
    keys = {"credentialRefs": [{"name": "keys"}], "extractFrom": [{"headers": ["x-api-key"]}]}
    clients = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys", "namespace": "chat"},
        "stringData": {"ada": "one", "grace": "one"},
    }
    both = policy("SecurityPolicy", "login", OF_WEB, extAuth=auth, apiKeyAuth=keys)
    assert refused([route(), clients, both]) == "SecurityPolicy chat/login api-key-shared"


def test_a_merged_policy_that_replaces_a_list_of_its_parent_is_not_refused_for_it() -> None:
    selectors = {"clientSelectors": [{"headers": [{"name": "x", "type": "Distinct", "invert": True}]}]}
    limited = {"type": "Local", "local": {"rules": [selectors]}}
    parent = policy("BackendTrafficPolicy", "all", OF_GATE, rateLimit=limited)
    own = {"type": "Local", "local": {"rules": []}}
    child = policy("BackendTrafficPolicy", "own", OF_WEB, rateLimit=own, mergeType="StrategicMerge")
    other = policy("BackendTrafficPolicy", "own", OF_WEB, retry={"numRetries": 2}, mergeType="StrategicMerge")
    assert refused([route(), parent, child]) is None
    assert refused([route(), parent, other]) == "BackendTrafficPolicy chat/all rate-limit-distinct-inverted"


def test_only_the_share_of_a_refused_backend_gets_500() -> None:
    wrong = backend("web", weight=1, filters=[HOST])
    right = backend("web", weight=3)
    verdict = ask([route(rule(wrong, right))], "http://h.test/")
    assert verdict.taken
    assert verdict.taken.answer is None
    assert verdict.is_served
    assert [(found.share, bool(found.refusal)) for found in verdict.taken.backends] == [(0.25, True), (0.75, False)]


def test_a_backend_is_refused_for_its_filter_for_its_object_and_for_its_tls_policy() -> None:
    rewriting = extension("HTTPRouteFilter", "broken", urlRewrite=BROKEN)
    by_filter = route(rule(backend("web", filters=[extension_filter("broken")])))
    assert refused([rewriting, by_filter]) == "HTTPRouteFilter chat/broken regex-invalid"
    far = extension("Backend", "far", endpoints=[{"fqdn": {"hostname": "localhost", "port": 80}}])
    by_object = route(rule(backend("far", None, group=ENVOY_GATEWAY, kind="Backend")))
    assert refused([far, by_object]) == "Backend chat/far backend-fqdn-short"
    refs = [{"group": "cert-manager.io", "kind": "Certificate", "name": "ca"}]
    trust = policy(
        "BackendTLSPolicy", "trust", target("Service", "web", group=""), validation={"caCertificateRefs": refs}
    )
    assert refused([trust, route()]) == "BackendTLSPolicy chat/trust authority-kind-unknown"


def test_a_mirror_to_a_missing_service_is_refused_like_a_backend() -> None:
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "web", "port": 80, "namespace": "far"}}}
    assert refused([route(rule(filters=[mirror]))]) == "HTTPRoute chat/web reference-not-permitted"


def test_the_other_rules_of_a_route_with_a_refused_filter_are_served() -> None:
    both = route(rule(filters=[HOST], matches=[path("/a")]), rule(matches=[path("/b")]))
    assert refused([both], "http://h.test/a") == "HTTPRoute chat/web filter-host-header"
    assert refused([both], "http://h.test/b") is None


def test_a_connection_has_no_answer() -> None:
    raw = route(rule(backend("web", filters=[])), kind="TCPRoute")
    limits = policy("BackendTrafficPolicy", "limits", target("TCPRoute", "web"), connection=TOO_LARGE)
    verdict = ask([gateway(listener("raw", 9000, "TCP")), service(), raw, limits], "tcp://h.test:9000")
    assert verdict.taken
    assert verdict.taken.answer is None


EMPTY = extension("HTTPRouteFilter", "empty", directResponse={})


def test_a_grpc_route_with_no_accepted_rule_is_left_out() -> None:
    ok = rule(filters=[extension_filter("empty")])
    verdict = ask([EMPTY, route(ok, kind="GRPCRoute")], "http://h.test/")
    assert verdict.taken is None
    (left_out,) = verdict.nearest
    assert (left_out.what, left_out.reason.code) == ("GRPCRoute chat/web", "route-left-out")
    assert "spec.rules[0].filters[0]: answers 200" in left_out.reason.rule


def test_another_route_takes_the_requests_of_a_grpc_route_that_is_left_out() -> None:
    grpc = route(rule(filters=[HOST]), kind="GRPCRoute", name="calls", hostnames=["h.test"])
    assert taker([grpc, route()], "http://h.test/") == "web/0"


def test_a_grpc_route_with_one_accepted_rule_answers_500_for_the_others() -> None:
    calls = [{"method": {"service": "a"}}], [{"method": {"service": "b"}}]
    both = route(rule(filters=[HOST], matches=calls[0]), rule(matches=calls[1]), kind="GRPCRoute")
    assert refused([both], "http://h.test/a/x") == "GRPCRoute chat/web filter-host-header"
    assert refused([both], "http://h.test/b/x") is None
    dropped = [{"method": {"service": "(?=a)", "type": "RegularExpression"}}]
    with_dropped = route(rule(filters=[HOST], matches=calls[0]), rule(matches=dropped), kind="GRPCRoute")
    assert ask([with_dropped], "http://h.test/a/x").taken is None


def test_a_grpc_route_whose_filter_refers_to_something_missing_is_kept() -> None:
    missing = route(rule(filters=[extension_filter("nothing")]), kind="GRPCRoute")
    assert refused([missing]) == "GRPCRoute chat/web reference-missing"
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "nothing", "port": 80}}}
    assert refused([route(rule(filters=[mirror]), kind="GRPCRoute")]) == "GRPCRoute chat/web reference-missing"
    then_invalid = route(rule(filters=[mirror, HOST]), kind="GRPCRoute")
    assert ask([then_invalid], "http://h.test/").taken is None
