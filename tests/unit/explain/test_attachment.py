"""Listeners that explain chooses for a request, beyond the cases of tests/cases."""

from explain import Request
from tests.cases.builders import extension, gateway, listener, listener_set, route
from tests.unit.explain.asked import ask, explained, taker

_WILD = "*.example.com"


def test_without_a_gateway_no_listener_is_named() -> None:
    (refusal,) = explained([route()], Request.of("http://h.test/")).nearest
    assert (refusal.what, refusal.reason.code) == ("Gateway", "request-no-gateway")


def test_a_node_port_leads_to_its_listener() -> None:
    ports = {"patch": {"value": {"spec": {"ports": [{"port": 80, "nodePort": 30080}]}}}}
    proxy = extension("EnvoyProxy", "p", provider={"kubernetes": {"envoyService": ports}})
    assert taker([proxy, route()], "http://h.test:30080/") == "web/0"


def test_two_gateways_on_one_port_are_noted() -> None:
    verdict = ask([gateway(name="another"), gateway(), route()], "http://h.test/")
    assert verdict.taken
    assert str(verdict.taken.listener.owner_name) == "Gateway chat/gate"
    assert verdict.refusal is None
    assert "2 Gateways listen on port 80" in verdict.notes[0]


def test_two_gateways_may_serve_one_host() -> None:
    one, two = gateway(name="one"), gateway(listener(hostname=_WILD), name="two")
    routes = [route(name=name, hostnames=["a.example.com"], parents=[{"name": name}]) for name in ("one", "two")]
    verdict = ask([one, two, *routes], "http://a.example.com/")
    assert verdict.refusal is None
    assert verdict.is_served


def test_two_gateways_may_speak_http_and_https_on_one_port() -> None:
    plain, secure = gateway(name="one"), gateway(listener(protocol="HTTPS"), name="two")
    assert taker([plain, secure, route(parents=[{"name": "one"}])], "http://h.test/") == "web/0"


def test_with_tls_the_most_specific_listener_is_named() -> None:
    own = listener("own", 443, "HTTPS", hostname=_WILD)
    verdict = ask(
        [gateway(listener("any", 443, "HTTPS"), own), route(hostnames=["a.example.com"])], "https://a.example.com/"
    )
    assert verdict.taken
    assert verdict.taken.listener.name == "own"


def test_a_host_on_two_listeners_stops_every_host_of_the_port() -> None:
    two = gateway(listener("any"), listener("own", hostname=_WILD))
    routes = [route(hostnames=["a.example.com"]), route(name="other", hostnames=["b.test"])]
    verdict = ask([two, *routes], "http://b.test/")
    assert verdict.refusal
    assert verdict.refusal.reason.code == "host-on-two-listeners"
    assert not verdict.is_served


def test_two_listeners_with_one_port_and_no_host_serve_nothing() -> None:
    verdict = ask([gateway(listener("one"), listener("two")), route()], "http://h.test/")
    assert verdict.taken is None
    assert {refusal.reason.code for refusal in verdict.nearest} == {"listener-hostname-conflict"}


def test_the_listener_of_the_gateway_goes_before_that_of_a_listener_set() -> None:
    more = listener_set(listener("extra"))
    verdict = ask([gateway(allowedListeners={"namespaces": {"from": "Same"}}), more, route()], "http://h.test/")
    assert verdict.taken
    assert str(verdict.taken.listener.owner_name) == "Gateway chat/gate"
