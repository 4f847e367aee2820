"""Host names that Envoy would have twice: the checks and explain find the same ones in generated tables."""

from collections import Counter
from random import Random
from typing import Any

from checks.rules.host_conflicts import conflicting_hosts
from explain import Request, explain
from gatewayapi.topology import Topology
from tests.cases.builders import MERGED, Manifest, gateway, listener, namespace, route, service
from tests.cases.case import classes

PORTS = {80: "HTTP", 443: "TLS"}
HOSTS = ("", "*.test", "a.test", "*.a.test", "b.a.test")
KINDS = {"HTTP": ("HTTPRoute", "GRPCRoute"), "TLS": ("TLSRoute", "TCPRoute")}
INVALID = {"matches": [{"path": {"type": "RegularExpression", "value": "/(?=a)"}}]}


def table(seed: int) -> tuple[int, list[Manifest]]:
    """A port, and the listeners and routes on it, of one Gateway or of two on the same Envoys."""
    draw = Random(seed)  # noqa: S311 # not for secrets
    port = draw.choice(sorted(PORTS))
    names = draw.choice((["one"], ["one", "two"]))
    gateways = [
        gateway(
            *(
                _listener(f"l{number}", port, host)
                for number, host in enumerate(draw.sample(HOSTS, draw.randint(1, 3)))
            ),
            name=name,
            class_name=MERGED,
        )
        for name in names
    ]
    routes = [_route(draw, f"r{number}", names, KINDS[PORTS[port]]) for number in range(draw.randint(1, 4))]
    return port, [namespace(), *classes(), service(), *gateways, *routes]


def _listener(name: str, port: int, host: str) -> Manifest:
    fields: dict[str, Any] = {"hostname": host} if host else {}
    if PORTS[port] == "TLS":
        fields["tls"] = {"mode": "Passthrough"}
    return listener(name, port, PORTS[port], **fields)


def _route(draw: Random, name: str, gateways: list[str], kinds: tuple[str, ...]) -> Manifest:
    kind = draw.choice(kinds)
    sections = draw.choice(([None], ["l0"], ["l1"], ["l0", "l1"]))
    of_gateway = {"name": draw.choice(gateways)}
    parents = [of_gateway | ({"sectionName": section} if section else {}) for section in sections]
    hosts = draw.sample(HOSTS[1:], draw.randint(0, 2)) if kind != "TCPRoute" else []
    fields: dict[str, Any] = {"hostnames": hosts} if hosts else {}
    return route(name=name, kind=kind, parents=parents, **fields)


def _checked(objects: list[Manifest]) -> dict[str, set[str]]:
    """Codes of the conflicts that the checks find, by port."""
    found: dict[str, set[str]] = {}
    for _, problem in conflicting_hosts(Topology(objects)):
        found.setdefault(problem.words["port"], set()).add(problem.code)
    return found


def test_the_checks_and_explain_find_the_same_conflicts() -> None:
    seen = Counter[str]()
    for seed in range(500):
        port, objects = table(seed)
        scheme = {"HTTP": "http", "TLS": "tls"}[PORTS[port]]
        refusal = explain(objects, Request.of(f"{scheme}://a.test:{port}"), problems=()).refusal
        codes = _checked(objects).get(str(port), set())
        assert bool(refusal) == bool(codes), seed
        assert refusal is None or refusal.reason.code in codes, seed
        seen[refusal.reason.code if refusal else "none"] += 1
    assert min(seen[code] for code in ("host-on-two-listeners", "sni-in-two-routes", "none")) >= 30, seen


def test_a_route_whose_rules_are_all_dropped_contests_nothing_in_explain() -> None:
    both = gateway(listener("one"), listener("two", hostname="*.test"))
    parents = [{"name": "gate", "sectionName": name} for name in ("one", "two")]
    other = route(INVALID, name="dropped", hostnames=["a.test"], parents=parents[:1])
    objects = [namespace(), both, service(), route(hostnames=["a.test"], parents=parents[1:]), other]
    verdict = explain(objects, Request.of("http://a.test/"), problems=())
    assert verdict.refusal is None
    assert verdict.taken
    assert verdict.taken.route.name == "web"
    assert [problem.code for _, problem in conflicting_hosts(Topology(objects))] == ["host-on-two-listeners"]
