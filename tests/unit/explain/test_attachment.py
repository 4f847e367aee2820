"""Which listener a route attaches to, and which listener a request is for."""

import pytest

from explain import Request, explain
from tests.unit.explain.routing_parts import Wire, an_object, ask, gateway, listener, route, rule, taker

LABELLED = {"from": "Selector", "selector": {"matchLabels": {"team": "chat"}}}


def reasons(objects: list[Wire], url: str = "http://h.test/") -> str:
    return "\n".join(f"{each.what}: {each.reason}" for each in ask(objects, url).nearest)


def test_a_request_for_another_port_names_the_ports_that_are_there() -> None:
    assert "it listens on port 80, not 8080" in reasons([route("r")], "http://h.test:8080/")


def test_a_request_without_tls_does_not_reach_a_listener_with_tls() -> None:
    objects = [gateway(listener(port=443, protocol="HTTPS")), route("r")]
    assert "it speaks HTTPS on port 443; the request is http" in reasons(objects, "http://h.test:443/")
    assert taker(objects, "https://h.test/") == "r/0"


def test_without_a_gateway_that_is_said() -> None:
    nearest = explain([route("r")], Request.of("http://h.test/")).nearest
    assert [f"{each.what}: {each.reason}" for each in nearest] == ["Gateway: there is none"]


def test_a_port_of_the_node_leads_to_the_listener() -> None:
    ports = {"patch": {"value": {"spec": {"ports": [{"port": 80, "nodePort": 30080}]}}}}
    proxy = an_object("EnvoyProxy", "p", {"provider": {"kubernetes": {"envoyService": ports}}})
    assert taker([proxy, route("r")], "http://h.test:30080/") == "r/0"


def test_a_route_of_another_namespace_attaches_only_where_that_is_allowed() -> None:
    parent = {"namespace": "chat"}
    foreign = route("r", namespace="other", parent=parent)
    assert "does not allow routes of namespace other" in reasons([foreign])
    everybody = gateway(listener(allowedRoutes={"namespaces": {"from": "All"}}))
    assert taker([everybody, foreign], "http://h.test/") == "r/0"


def test_a_selector_looks_at_the_labels_of_the_route_s_namespace() -> None:
    chosen = gateway(listener(allowedRoutes={"namespaces": LABELLED}))
    foreign = route("r", namespace="other", parent={"namespace": "chat"})
    labelled = an_object("Namespace", "other", {}, namespace="", labels={"team": "chat"})
    assert taker([chosen, foreign], "http://h.test/") is None
    assert taker([chosen, foreign, labelled], "http://h.test/") == "r/0"


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ({"key": "team", "operator": "In", "values": ["chat"]}, True),
        ({"key": "team", "operator": "NotIn", "values": ["chat"]}, False),
        ({"key": "team", "operator": "Exists"}, True),
        ({"key": "team", "operator": "DoesNotExist"}, False),
        ({"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["other"]}, True),
    ],
)
def test_a_selector_may_have_expressions(expression: Wire, taken: bool) -> None:
    selector = {"from": "Selector", "selector": {"matchExpressions": [expression]}}
    chosen = gateway(listener(allowedRoutes={"namespaces": selector}))
    foreign = route("r", namespace="other", parent={"namespace": "chat"})
    labelled = an_object("Namespace", "other", {}, namespace="", labels={"team": "chat"})
    assert (taker([chosen, foreign, labelled], "http://h.test/") == "r/0") == taken


def test_a_kind_that_is_not_allowed_is_said_with_those_that_are() -> None:
    only_grpc = gateway(listener(allowedRoutes={"kinds": [{"kind": "GRPCRoute"}]}))
    assert "takes GRPCRoute" in reasons([only_grpc, route("r")])


def test_host_names_that_do_not_meet_are_both_said() -> None:
    objects = [gateway(listener(hostname="*.example.com")), route("r", hostnames=("example.org",))]
    assert "is for *.example.com, the route for example.org" in reasons(objects)


def test_a_section_name_or_a_port_picks_the_listener() -> None:
    two = gateway(listener("one"), listener("two", port=81))
    objects = [two, route("a", parent={"sectionName": "one"}), route("b", parent={"port": 81})]
    assert taker(objects, "http://h.test/") == "a/0"
    assert taker(objects, "http://h.test:81/") == "b/0"


def test_a_host_name_that_another_listener_has_is_left_to_it() -> None:
    two = gateway(listener("any"), listener("own", "a.test"))
    objects = [two, route("r", hostnames=("a.test", "b.test"), parent={"sectionName": "any"})]
    assert taker(objects, "http://b.test/") == "r/0"
    assert taker(objects, "http://a.test/") is None


def test_two_listeners_that_serve_one_host_name_make_envoy_refuse_the_port() -> None:
    two = gateway(listener("any"), listener("own", "*.example.com"))
    verdict = ask([two, route("r", hostnames=("a.example.com",)), route("s", hostnames=("b.test",))], "http://b.test/")
    assert "listener any of Gateway chat/gw and listener own of Gateway chat/gw both serve" in verdict.refusal
    assert "sectionName" in verdict.refusal
    assert not verdict.is_served


def test_with_tls_each_listener_has_a_table_of_its_own() -> None:
    two = gateway(
        listener("any", port=443, protocol="HTTPS"), listener("own", "*.example.com", port=443, protocol="HTTPS")
    )
    verdict = ask([two, route("r", hostnames=("a.example.com",))], "https://a.example.com/")
    assert verdict.taken
    assert verdict.taken.listener.name == "own"


def test_with_tls_a_listener_that_is_chosen_is_not_left_for_a_less_specific_one() -> None:
    two = gateway(
        listener("any", port=443, protocol="HTTPS"), listener("own", "*.example.com", port=443, protocol="HTTPS")
    )
    objects = [two, route("r", parent={"sectionName": "any"})]
    assert taker(objects, "https://a.example.com/") is None
    assert "listener own of Gateway chat/gw: no route is attached to it" in reasons(objects, "https://a.example.com/")


def test_with_tls_a_server_name_that_no_listener_has_is_said() -> None:
    objects = [gateway(listener(hostname="*.example.com", port=443, protocol="HTTPS")), route("r")]
    assert "no TLS for example.org: it is for *.example.com" in reasons(objects, "https://example.org/")


def test_two_listeners_with_the_same_host_name_and_port_serve_nothing() -> None:
    objects = [gateway(listener("one"), listener("two")), route("r")]
    assert "has the same port 80 and any host name too" in reasons(objects)


def test_http_and_https_cannot_share_a_port() -> None:
    objects = [gateway(listener("one"), listener("two", protocol="HTTPS")), route("r")]
    assert "speaks HTTPS on the same port 80" in reasons(objects)


def listener_set(*listeners: Wire, namespace: str = "chat") -> Wire:
    spec = {"parentRef": {"name": "gw", "namespace": "chat"}, "listeners": list(listeners)}
    return an_object("ListenerSet", "more", spec, namespace=namespace)


def test_a_listener_set_adds_its_listeners_where_the_gateway_allows_it() -> None:
    parent = {"group": "gateway.networking.k8s.io", "kind": "ListenerSet", "name": "more"}
    more, on_it = listener_set(listener("extra", port=81)), route("r", parent=parent)
    assert "does not allow ListenerSets of chat" in reasons([gateway(), more, on_it], "http://h.test:81/")
    allowing = gateway()
    allowing["spec"]["allowedListeners"] = {"namespaces": {"from": "Same"}}
    assert taker([allowing, more, on_it], "http://h.test:81/") == "r/0"
    assert taker([allowing, more, on_it], "http://h.test/") is None


def test_the_gateway_s_own_listener_goes_before_that_of_a_listener_set() -> None:
    allowing = gateway()
    allowing["spec"]["allowedListeners"] = {"namespaces": {"from": "Same"}}
    objects = [allowing, listener_set(listener("extra")), route("r")]
    verdict = ask(objects, "http://h.test/")
    assert verdict.taken
    assert str(verdict.taken.listener.owner) == "Gateway chat/gw"


def merged(*gateways: Wire) -> list[Wire]:
    """Gateways of a class that serves all of its Gateways by the same Envoys."""
    proxy = an_object("EnvoyProxy", "p", {"mergeGateways": True})
    named = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "p", "namespace": "chat"}
    return [proxy, an_object("GatewayClass", "c", {"parametersRef": named}, namespace=""), *gateways]


def test_merged_gateways_that_serve_one_host_name_make_envoy_refuse_the_port() -> None:
    one, two = gateway(name="one"), gateway(listener(hostname="*.example.com"), name="two")
    routes = [
        route("r", hostnames=("a.example.com",), parent={"name": "one"}),
        route("s", hostnames=("a.example.com",), parent={"name": "two"}),
    ]
    refusal = ask([*merged(one, two), *routes], "http://a.example.com/").refusal
    assert "listener http of Gateway chat/one and listener http of Gateway chat/two both serve a.example.com" in refusal
    apart = ask([one, two, *routes], "http://a.example.com/")
    assert (apart.refusal, "2 Gateways listen on port 80" in apart.notes[0]) == ("", True)


def test_merged_gateways_are_one_to_a_client() -> None:
    one = gateway(listener("any", port=443, protocol="HTTPS"), name="one")
    two = gateway(listener("own", "*.example.com", port=443, protocol="HTTPS"), name="two")
    objects = [*merged(one, two), route("r", hostnames=("*.example.com",), parent={"name": "one"})]
    assert taker(objects, "https://a.example.com/") is None
    assert "listener own of Gateway chat/two: no route is attached" in reasons(objects, "https://a.example.com/")


def test_a_host_name_of_a_merged_gateway_is_not_left_to_another_gateway() -> None:
    one, two = gateway(name="one"), gateway(listener(hostname="a.test"), name="two")
    to_one = route("r", hostnames=("a.test",), parent={"name": "one"})
    assert taker([*merged(one, two), to_one], "http://a.test/") == "r/0"


def test_merged_gateways_share_a_port_in_one_protocol_and_the_first_has_a_host_name() -> None:
    plain, secure = gateway(name="one"), gateway(listener(protocol="HTTPS"), name="two")
    to_one = route("r", parent={"name": "one"})
    assert taker([plain, secure, to_one], "http://h.test/") == "r/0"
    assert taker([*merged(plain, secure), to_one], "http://h.test/") is None
    again = gateway(name="two")
    assert taker([*merged(plain, again), to_one], "http://h.test/") == "r/0"
    assert taker([*merged(plain, again), route("r", parent={"name": "two"})], "http://h.test/") is None


def test_of_several_gateways_the_one_that_takes_it_is_said_with_a_note() -> None:
    verdict = ask([gateway(name="another"), gateway(), route("r")], "http://h.test/")
    assert verdict.taken
    assert verdict.taken.listener.gateway.name == "gw"
    assert "2 Gateways listen on port 80" in verdict.notes[0]


def test_a_tls_connection_is_passed_by_its_server_name() -> None:
    passing = gateway(listener("tls", port=443, protocol="TLS", tls={"mode": "Passthrough"}))
    objects = [
        passing,
        route("a", hostnames=("a.test",), kind="TLSRoute"),
        route("w", hostnames=("*.test",), kind="TLSRoute"),
    ]
    assert taker(objects, "tls://a.test") == "a/0"
    assert taker(objects, "https://b.test/") == "w/0"


def test_a_tls_listener_without_a_route_leaves_its_names_to_another_one() -> None:
    passing = [listener("any", port=443, protocol="TLS", tls={"mode": "Passthrough"})]
    passing += [listener("inner", "*.a.test", port=443, protocol="TLS", tls={"mode": "Passthrough"})]
    wide = route("w", hostnames=("*.test",), kind="TLSRoute", parent={"sectionName": "any"})
    own = route("o", hostnames=("*.a.test",), kind="TLSRoute", parent={"sectionName": "inner"})
    assert taker([gateway(*passing), wide], "tls://b.a.test") == "w/0"
    assert taker([gateway(*passing), wide, own], "tls://b.a.test") == "o/0"
    assert "host b.example is not *.test" in reasons([gateway(*passing), wide], "tls://b.example")


def test_two_tls_routes_for_one_server_name_make_envoy_refuse_the_port() -> None:
    passing = gateway(listener("tls", port=443, protocol="TLS", tls={"mode": "Passthrough"}))
    routes = [route(name, hostnames=("a.test",), kind="TLSRoute") for name in ("r", "s")]
    verdict = ask([passing, *routes, route("t", hostnames=("b.test",), kind="TLSRoute")], "tls://b.test")
    assert "TLSRoute chat/r and TLSRoute chat/s would have a.test more than once on port 443" in verdict.refusal
    assert not verdict.is_served


def test_of_several_tcp_routes_the_oldest_has_the_listener() -> None:
    tcp = gateway(listener("db", port=5432, protocol="TCP"))
    old = route("z", rule(), kind="TCPRoute", creationTimestamp="2026-01-01T00:00:00Z")
    new = route("a", rule(), kind="TCPRoute", creationTimestamp="2026-02-02T00:00:00Z")
    assert taker([tcp, new, old], "tcp://h.test:5432") == "z/0"
    assert taker([tcp, new, old], "udp://h.test:5432") is None


def test_a_tcp_route_is_taken_where_tls_ends_and_not_where_it_passes_through() -> None:
    secret = {"certificateRefs": [{"name": "s"}]}
    ended = gateway(listener(port=8443, protocol="TLS", tls=secret))
    passing = gateway(listener(port=8443, protocol="TLS", tls={"mode": "Passthrough"}))
    plain = route("r", kind="TCPRoute")
    plain["spec"].pop("hostnames")
    assert taker([ended, plain], "tls://h.test:8443") == "r/0"
    assert taker([passing, plain], "tls://h.test:8443") is None
