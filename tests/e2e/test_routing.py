"""Verdicts of explain on random tables of routes, compared with Envoy's behaviour."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from compare import compare
from explain import Request, Verdict, explain
from local.paths import REPOSITORY
from local.venv import VENV
from tests.live.live_stack import LiveStack
from tests.live.tables import Table, Wire, tables
from tests.live.waiting import wait_until
from tests.unit.compare.plans_of import plan_of
from tests.unit.compare.route_tables import pairs, same_class

_NAMESPACE = "routing-tables"
_GATEWAY = "tables"
_PORTS = (8001, 8002, 8003)
_ROUNDS = 14
_COMPARED = 2
_REQUESTS = 30
_SENTINEL = "sentinel.internal"
_MERGED, _MERGED_PORT = "merged", 8009
_ENVOY_GATEWAY = "gateway.envoyproxy.io"
_GATEWAY_API = "gateway.networking.k8s.io"


class Proving:
    """A Gateway of the stack's class with one port per table, and all that the last tables left on it."""

    def __init__(self, stack: LiveStack) -> None:
        self._stack = stack
        self._round = 0
        self.address = ""
        self.compared = 0

    def begin(self) -> None:
        self._apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}},
            self._grant(),
            self._allowed(),
            _gateway([()] * len(_PORTS)),
        )
        wait_until(lambda: bool(self._gateway_address()))
        self.address = self._gateway_address()

    def end(self) -> None:
        self._stack.kubectl("delete", "namespace", _NAMESPACE)
        kinds = "referencegrant,networkpolicy"
        self._stack.kubectl("delete", kinds, _GATEWAY, "--namespace", self._stack.outputs["namespace"])

    def load(self, drawn: Sequence[Table]) -> list[Wire]:
        """Put the tables in the place of the last ones; when Envoy has them, the objects as the cluster has them."""
        self.put(drawn)
        wait_until(lambda: all(_is_judged(obj) for obj in self.objects()))
        self._apply(*(_sentinel(port, self._backend, self._round) for port in _PORTS))
        wait_until(lambda: all(self.answer_of(_sentinel_request(port)) == str(self._round) for port in _PORTS))
        return self.objects()

    def put(self, drawn: Sequence[Table]) -> None:
        self._round += 1
        routes = [
            _route(port, number, route, self._backend, self._round)
            for port, table in zip(_PORTS, drawn, strict=False)
            for number, route in enumerate(table.routes)
        ]
        listeners = [table.listeners for table in drawn] + [()] * (len(_PORTS) - len(drawn))
        self._apply(_gateway(listeners), *routes)
        self._stack.kubectl("delete", "httproutes,grpcroutes", "-n", _NAMESPACE, "-l", f"round,round!={self._round}")

    def log_of_envoy(self, owner: str = f"gateway-name={_GATEWAY}") -> str:
        """Newest lines of the log. The Envoy is the Gateway's unless another owner is named."""
        selector = f"gateway.envoyproxy.io/owning-{owner}"
        return self._stack.kubectl("logs", "-n", "envoy-gateway-system", "-l", selector, "-c", "envoy", "--tail", "50")

    def answer_of(self, request: Request) -> str | None:
        """The rule that took the request, according to Envoy."""
        connection = HTTPConnection(self.address, request.port, timeout=10)
        connection.putrequest(request.method, request.target, skip_host=True)
        for name, value in (("host", f"{request.host}:{request.port}"), *request.headers):
            connection.putheader(name, value)
        try:
            connection.endheaders()
            return connection.getresponse().headers.get("x-taken-by")
        except OSError:
            return None  # not listening yet
        finally:
            connection.close()

    @property
    def _backend(self) -> Wire:
        return {"name": "web-service", "namespace": self._stack.outputs["namespace"], "port": 80}

    def _grant(self) -> Wire:
        return {
            "apiVersion": f"{_GATEWAY_API}/v1",
            "kind": "ReferenceGrant",
            "metadata": {"name": _GATEWAY, "namespace": self._stack.outputs["namespace"]},
            "spec": {
                "from": [
                    {"group": _GATEWAY_API, "kind": kind, "namespace": _NAMESPACE}
                    for kind in ("HTTPRoute", "GRPCRoute")
                ],
                "to": [{"group": "", "kind": "Service"}],
            },
        }

    def _allowed(self) -> Wire:
        """The stack's own policy lets only the Envoys of its own Gateways connect to the page."""
        envoys = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy-gateway-system"}}}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": _GATEWAY, "namespace": self._stack.outputs["namespace"]},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [envoys]}]},
        }

    def objects(self) -> list[Wire]:
        kinds = "gateways,httproutes,grpcroutes,referencegrants,services"
        everything = json.loads(self._stack.kubectl("get", kinds, "--all-namespaces", "--output", "json"))["items"]
        return [obj for obj in everything if obj["kind"] != "Gateway" or obj["metadata"]["name"] == _GATEWAY]

    def _gateway_address(self) -> str:
        return self._stack.kubectl(
            "get", "gateway", _GATEWAY, "-n", _NAMESPACE, "-o", "jsonpath={.status.addresses[0].value}"
        )

    def _apply(self, *objects: Wire) -> None:
        command = [
            VENV / "bin" / "kubectl",
            "--kubeconfig",
            self._stack.kubeconfig,
            "apply",
            "--server-side",
            "-f",
            "-",
        ]
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        subprocess.run(command, input=given, text=True, check=True, capture_output=True)


@pytest.fixture(scope="module")
def proving(stack: LiveStack) -> Iterator[Proving]:
    proving = Proving(stack)
    proving.begin()
    yield proving
    proving.end()


def test_the_command_says_what_was_changed_on_the_cluster(stack: LiveStack) -> None:
    route = ("patch", "httproute", "web-httproute", "-n", stack.outputs["namespace"], "--type", "json", "--patch")
    moved = '[{"op": "replace", "path": "/spec/hostnames/0", "value": "%s"}]'
    stack.kubectl(*route, moved % "moved.internal")
    try:
        code, said = _explained(stack, "http://synchat.internal/")
    finally:
        stack.kubectl(*route, moved % "synchat.internal")
    planned, actual = said.split(f"On {stack.context}")
    assert code == 0, said
    assert "backends 100% Service synergychat/web-service:80" in planned
    assert "taken by nothing" in actual
    assert "spec.hostnames[0]: the stack has 'synchat.internal', the cluster 'moved.internal'" in actual
    assert _explained(stack, "http://synchat.internal/")[1].endswith("taken by the same rule differs nothing")
    assert _explained(stack, "http://nobody.internal/")[0] == 1


def _explained(stack: LiveStack, url: str) -> tuple[int, str]:
    """Run `make explain`; return the exit code, and the output without line breaks."""
    command = [sys.executable, "-m", "tools", "explain", "--context", stack.context, "--url", url]
    done = subprocess.run(command, cwd=REPOSITORY, env=stack.environment, capture_output=True, text=True, check=False)
    return done.returncode, " ".join(done.stdout.split())


def test_every_verdict_on_random_tables_is_that_of_envoy(proving: Proving) -> None:
    @settings(
        max_examples=_ROUNDS,
        deadline=None,
        database=None,
        # A round takes seconds, so that shrinking would take an hour; a difference names its own table anyway.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(st.lists(tables(_REQUESTS), min_size=len(_PORTS), max_size=len(_PORTS)))
    def explain_all(drawn: list[Table]) -> None:
        assume(not any(_verdict_before(port, table).refusal for port, table in zip(_PORTS, drawn, strict=True)))
        objects = proving.load(drawn)
        for port, table in zip(_PORTS, drawn, strict=True):
            for request in table.requests_to(port):
                said, done = _name(explain(objects, request, problems=())), proving.answer_of(request)
                assert said == done, f"Envoy: {done}; routing: {said}\n{request} {request.headers}\n{table}"
                proving.compared += 1

    explain_all()
    assert proving.compared >= 1000


def test_envoy_changes_what_a_comparison_lists_and_nothing_else(proving: Proving) -> None:
    @settings(
        max_examples=_COMPARED,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(st.lists(pairs(_REQUESTS, _REQUESTS), min_size=len(_PORTS), max_size=len(_PORTS)))
    def compare_both(drawn: list[tuple[Table, Table]]) -> None:
        of_ports = list(zip(_PORTS, drawn, strict=True))
        assume(not any(_verdict_before(port, table).refusal for port, pair in of_ports for table in pair))
        bases, heads = zip(*drawn, strict=True)
        base = plan_of(_without_round(proving.load(bases)))
        head = plan_of(_without_round(proving.load(heads)))
        comparison = compare(base, head)
        changes = {one.request: one.changes for one in comparison.questions.asked}
        for port, pair in of_ports:
            for request in (request for table in pair for request in table.requests_to(port)):
                changes[request] = same_class(request, comparison).changes
        after = {request: proving.answer_of(request) for request in changes}
        proving.load(bases)
        for request, is_changed in changes.items():
            ends = [_without_round(each) for each in (proving.answer_of(request), after[request])]
            assert (ends[0] != ends[1]) == is_changed, f"Envoy: {ends}\n{request} {request.headers}\n{drawn}"
            proving.compared += 1

    proving.compared = 0
    compare_both()
    assert proving.compared >= 300


def test_envoy_refuses_the_table_that_is_said_to_be_refused(proving: Proving) -> None:
    route: Wire = {"kind": "HTTPRoute", "listener": None, "hostnames": ["b.a.test"], "rules": [{"matches": [{}]}]}
    contested = Table(listeners=("", "*.a.test"), routes=(route,), requests=(("b.a.test", "/", "GET", ()),))
    request = contested.requests_to(_PORTS[0])[0]
    proving.put([contested])
    wait_until(lambda: "Duplicate entry of domain b.a.test" in proving.log_of_envoy())
    wait_until(lambda: all(_is_judged(obj) for obj in proving.objects()))
    verdict = explain(proving.objects(), request, problems=())
    assert verdict.refusal
    assert (verdict.refusal.reason.code, verdict.refusal.reason.words["host"]) == ("host-on-two-listeners", "b.a.test")
    assert not verdict.is_served


def test_envoy_refuses_a_host_name_that_merged_gateways_share(proving: Proving, stack: LiveStack) -> None:
    (one, to_one), (two, to_two) = _merged("one"), _merged("two", hostname="*.a.test")
    stack.apply(*_merging(stack), one, two, to_one)
    try:
        programmed = ("--for=condition=Programmed", "gateway/one", "gateway/two", "--timeout=60s")
        stack.kubectl("wait", "-n", _NAMESPACE, *programmed)
        stack.apply(to_two)
        wait_until(lambda: "Duplicate entry of domain b.a.test" in proving.log_of_envoy(f"gatewayclass={_MERGED}"))
        kinds = "gatewayclasses,envoyproxies,gateways,httproutes"
        objects = json.loads(stack.kubectl("get", kinds, "--all-namespaces", "--output", "json"))["items"]
        refusal = explain(objects, Request.of(f"http://b.a.test:{_MERGED_PORT}"), problems=()).refusal
        assert refusal
        assert refusal.reason.code == "host-on-two-listeners"
        words = refusal.reason.words
        assert words["host"] == "b.a.test"
        assert words["listener"] == f"listener http of Gateway {_NAMESPACE}/one"
        assert words["other"] == f"listener http of Gateway {_NAMESPACE}/two"
    finally:
        stack.kubectl("delete", "gateway", "one", "two", "-n", _NAMESPACE)
        stack.kubectl("delete", "gatewayclass", _MERGED)


def _merging(stack: LiveStack) -> tuple[Wire, Wire]:
    """A class whose Gateways share Envoys, which run as the stack's do."""
    (own,) = json.loads(stack.kubectl("get", "envoyproxies", "-n", "envoy-gateway-system", "-o", "json"))["items"]
    proxy = _object("EnvoyProxy", _MERGED, {"mergeGateways": True, "provider": own["spec"]["provider"]})
    ref = {"group": _ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": _MERGED, "namespace": _NAMESPACE}
    spec = {"controllerName": f"{_ENVOY_GATEWAY}/gatewayclass-controller", "parametersRef": ref}
    of_both = _object("GatewayClass", _MERGED, spec) | {"metadata": {"name": _MERGED}}
    return proxy | {"apiVersion": f"{_ENVOY_GATEWAY}/v1alpha1"}, of_both


def _merged(name: str, **listener: Any) -> tuple[Wire, Wire]:
    """A Gateway of that class, with a route for b.a.test."""
    wire = {"name": "http", "port": _MERGED_PORT, "protocol": "HTTP"} | listener
    rules = [{"backendRefs": [{"name": "web-service", "port": 80}]}]
    spec = {"parentRefs": [{"name": name}], "hostnames": ["b.a.test"], "rules": rules}
    gateway = _object("Gateway", name, {"gatewayClassName": _MERGED, "listeners": [wire]})
    return gateway, _object("HTTPRoute", name, spec)


def _verdict_before(port: int, table: Table) -> Verdict:
    routes = [_route(port, number, route, {"name": "any"}, 0) for number, route in enumerate(table.routes)]
    listeners: list[tuple[str, ...]] = [()] * len(_PORTS)
    listeners[_PORTS.index(port)] = table.listeners
    return explain([_gateway(listeners), *routes], Request.of(f"http://any.test:{port}"), problems=())


def _without_round(value: Any) -> Any:
    """The same objects, or name of a rule, in every round."""
    return json.loads(re.sub(r"(p\d+-\d+)-\d+", r"\1", json.dumps(value)))


def _name(verdict: Verdict) -> str | None:
    return f"{verdict.taken.route.name}/{verdict.taken.rule}" if verdict.taken else None


def _gateway(listeners: Sequence[Sequence[str]]) -> Wire:
    wires: list[Wire] = []
    for port, hostnames in zip(_PORTS, listeners, strict=True):
        for number, hostname in enumerate([*hostnames, _SENTINEL]):
            name = f"p{port}-{'sentinel' if hostname == _SENTINEL else number}"
            wire: Wire = {"name": name, "port": port, "protocol": "HTTP"}
            wires.append(wire | ({"hostname": hostname} if hostname else {}))
    return _object("Gateway", _GATEWAY, {"gatewayClassName": "app-gatewayclass", "listeners": wires})


def _route(port: int, number: int, drawn: Wire, backend: Wire, round_: int) -> Wire:
    # A new name in every round: of a route whose parentRefs change, the controller keeps the old parents' status.
    name = f"p{port}-{number}-{round_}"
    listener = drawn["listener"]
    parent: Wire = {"port": port} if listener is None else {"sectionName": f"p{port}-{listener}"}
    spec: Wire = {
        "parentRefs": [{"name": _GATEWAY} | parent],
        "rules": [rule | _marked(f"{name}/{index}", backend) for index, rule in enumerate(drawn["rules"])],
    }
    if "hostnames" in drawn:
        spec["hostnames"] = drawn["hostnames"]
    return _object(drawn["kind"], name, spec, round=str(round_))


def _sentinel(port: int, backend: Wire, round_: int) -> Wire:
    """A route that no drawn one goes before: its path is exact, and not among theirs."""
    matches = [{"path": {"type": "Exact", "value": "/sentinel"}}]
    rules = [{"matches": matches} | _marked(str(round_), backend)]
    parents = [{"name": _GATEWAY, "sectionName": f"p{port}-sentinel"}]
    return _object("HTTPRoute", f"sentinel-{port}", {"parentRefs": parents, "rules": rules})


def _sentinel_request(port: int) -> Request:
    return Request.of(f"http://{_SENTINEL}:{port}/sentinel")


def _marked(name: str, backend: Wire) -> Wire:
    header = {"set": [{"name": "x-taken-by", "value": name}]}
    return {
        "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": header}],
        "backendRefs": [backend],
    }


def _object(kind: str, name: str, spec: Wire, **labels: str) -> Wire:
    metadata = {"name": name, "namespace": _NAMESPACE, "labels": labels}
    return {"apiVersion": f"{_GATEWAY_API}/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _is_judged(wire: Wire) -> bool:
    """Whether the controller has processed the current generation. It may have refused the route."""
    if wire["kind"] == "Gateway":
        listeners: list[Any] = wire.get("status", {}).get("listeners", [])
        return len(listeners) == len(wire["spec"]["listeners"]) and all(
            _is_current(condition, wire) for listener in listeners for condition in listener["conditions"]
        )
    if wire["metadata"]["namespace"] != _NAMESPACE:
        return True
    parents: list[Any] = wire.get("status", {}).get("parents", [])
    return len(parents) == len(wire["spec"]["parentRefs"]) and all(
        _is_current(condition, wire) for parent in parents for condition in parent["conditions"]
    )


def _is_current(condition: Wire, wire: Wire) -> bool:
    return condition["observedGeneration"] == wire["metadata"]["generation"]
