"""Routes with equal matches: which one takes a request, and what explain notes about it."""

from explain import Request, Verdict
from tests.cases.builders import Manifest, gateway, listener, route, service
from tests.unit.explain.asked import explained

OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"


def _ask(url: str, *objects: Manifest) -> Verdict:
    return explained([service(), *objects], Request.of(url))


def _taker(verdict: Verdict) -> str:
    assert verdict.taken
    return verdict.taken.route.name


def test_the_older_route_goes_first_whatever_its_name() -> None:
    verdict = _ask("http://h.test/", gateway(), route(name="a", created=NEW), route(name="z", created=OLD))
    assert _taker(verdict) == "z"
    assert "the older route goes first" in verdict.notes[0]


def test_of_routes_of_one_age_the_first_name_goes_first() -> None:
    verdict = _ask("http://h.test/", gateway(), route(name="b"), route(name="a"))
    assert _taker(verdict) == "a"
    assert "the first name goes first" in verdict.notes[0]


def test_a_tcp_listener_belongs_to_the_oldest_route() -> None:
    tcp = gateway(listener("db", port=5432, protocol="TCP"))
    routes = [route(name="a", kind="TCPRoute", created=NEW), route(name="z", kind="TCPRoute", created=OLD)]
    assert _taker(_ask("tcp://h.test:5432", tcp, *routes)) == "z"
