"""The cases of tests/cases on a cluster: the conditions that Envoy Gateway sets, and the rule that takes a request."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest

from explain import Request
from tests.cases.builders import CHAT, SHOP, SYSTEM, Manifest, gateway_class, namespace
from tests.cases.case import Asked, Case, classes, load
from tests.cases.conditions import agrees
from tests.cases.conditions import conditions as judged
from tests.live.clients import ask
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

# This test skips cases with their own configuration of Envoy Gateway.
_CASES = [case for case in load() if not case.configures_envoy_gateway]


def _shows_its_rule(case: Case, asked: Asked) -> bool:
    """Whether Envoy's answer names the rule, or is missing because no rule takes the request."""
    routes = {manifest["metadata"]["name"]: manifest["kind"] for manifest in case.objects}
    # Envoy Gateway refuses a Gateway with its own EnvoyProxy in a class that merges Gateways, as `served` has one.
    if any(manifest.get("spec", {}).get("infrastructure") for manifest in case.objects):
        return False
    if not asked.request.has_http or (asked.taken_by and routes[asked.taken_by.partition("/")[0]] not in _MARKED):
        return False
    # Envoy Gateway adds a route for a preflight, without the rule's other filters.
    # Envoy refuses a table with a host twice, and keeps the one that it had.
    is_preflight = any(name == "access-control-request-method" for name, _ in asked.request.headers)
    return not is_preflight and asked.refused != "host-on-two-listeners"


_MARKED = ("HTTPRoute", "GRPCRoute")
_ASKED = [(case, asked) for case in _CASES for asked in case.requests if _shows_its_rule(case, asked)]
_KINDS = (
    "gateways,listenersets,httproutes,grpcroutes,tlsroutes,tcproutes,udproutes,backends,backendtrafficpolicies,"
    "clienttrafficpolicies,envoyextensionpolicies,envoypatchpolicies,securitypolicies"
)
_SERVING = "serving"
_FIRST_PORT = 20000
_CLOSED_PORT = 19999
_HEADER = "x-taken-by"
_DENIALS = (401, 403)

Conditions = dict[str, list[str]]
"""Conditions by namespace: `Kind name: Type=Status Reason`, or `Kind name: silent`."""


@pytest.fixture(scope="module")
def conditions(stack: LiveStack) -> Conditions:
    """The conditions on every case, as soon as each has those that it expects, or else after a minute."""
    latest: Conditions = {}

    def are_expected(cases: Sequence[Case]) -> bool:
        latest.clear()
        for manifest in json.loads(stack.kubectl("get", _KINDS, "-A", "-o", "json"))["items"]:
            latest.setdefault(manifest["metadata"]["namespace"], []).extend(judged(manifest))
        return all(agrees(case, _on(latest, case)) for case in cases)

    stack.apply(*classes())
    patches = [case for case in _CASES if any(manifest["kind"] == "EnvoyPatchPolicy" for manifest in case.objects)]
    others = [case for case in _CASES if case not in patches]
    stack.apply(*_placed(*others))
    with suppress(AssertionError):  # a test of its own names the case
        wait_until(partial(are_expected, others))
    # Envoy Gateway 1.9.1 loses the status of an EnvoyPatchPolicy when it translates another Gateway before the status
    # is written, and sets it again only after a change of the policy: each change is another chance.
    for priority in range(1, 10):
        stack.apply(*(_with_priority(priority, manifest) for manifest in _placed(*patches)))
        with suppress(AssertionError):
            wait_until(partial(are_expected, patches), patience_s=5)
            break
    # Before the requests: Envoy Gateway translates all objects again after each change.
    _remove(stack, *classes(), *_placed(*_CASES))
    return latest


@pytest.mark.parametrize("case", _CASES, ids=[case.name for case in _CASES])
def test_envoy_gateway_sets_the_condition_of_the_case(conditions: Conditions, case: Case) -> None:
    found = _on(conditions, case)
    assert agrees(case, found), f"expected {case.envoy_gateway or 'acceptance'}, found {found}"


@dataclass(frozen=True)
class Served:
    """The cases with requests, all served by the same Envoy, each on ports of its own."""

    address: str
    ports: dict[tuple[str, int], int]
    """Envoy's port by the name of the case and the port in it."""

    def answer(self, case: Case, request: Request) -> httpx.Response | None:
        """The answer of Envoy; None without one."""
        scheme = "https" if request.secure else "http"
        port = self.ports.get((case.name, request.port), _CLOSED_PORT)
        url = f"{scheme}://{request.host}:{port}{request.target}"
        try:
            return ask(self.address, url, method=request.method, headers=dict(request.headers))
        except httpx.TransportError:
            return None

    def agrees(self, case: Case, asked: Asked) -> bool:
        answer = self.answer(case, asked.request)
        if answer is None:
            return asked.taken_by is None and asked.end != "not-found"
        if asked.end != "not-found":
            return False
        same_status = asked.answer in (None, answer.status_code)
        taken_by = answer.headers.get(_HEADER)
        # A SecurityPolicy answers before the rule that names itself.
        is_unnamed = taken_by is None and asked.answer in _DENIALS
        return (taken_by == asked.taken_by or is_unnamed) and same_status


@pytest.fixture(scope="module")
def served(stack: LiveStack) -> Iterator[Served]:
    """Every case, as soon as Envoy answers all requests as expected, or else after a minute."""
    ports: dict[tuple[str, int], int] = {}
    free = count(_FIRST_PORT)
    cases = {case.name: case for case, _ in _ASKED}.values()
    own = json.loads(stack.kubectl("get", "envoyproxy", "app-gatewayclass", "-n", SYSTEM, "-o", "json"))
    proxy, gateway_class_ = gateway_class(_SERVING, mergeGateways=True)
    proxy["spec"]["provider"] = own["spec"]["provider"]
    objects = [proxy, gateway_class_]
    for case in cases:
        for manifest in case.objects:
            for listener in manifest.get("spec", {}).get("listeners", []):
                ports.setdefault((case.name, listener["port"]), next(free))
        own_ports = {port: number for (name, port), number in ports.items() if name == case.name}
        objects += [_on_serving_class(manifest, own_ports) for manifest in _placed(case, purpose="served")]
    stack.apply(*objects)
    first = next(manifest for manifest in objects if manifest["kind"] == "Gateway")["metadata"]
    where = ("get", "gateway", first["name"], "-n", first["namespace"], "-o", "jsonpath={.status.addresses[0].value}")
    wait_until(lambda: bool(stack.kubectl(*where)))
    found = Served(stack.kubectl(*where), ports)
    with suppress(AssertionError):  # a test of its own names the request
        wait_until(lambda: all(found.agrees(case, asked) for case, asked in _ASKED))
    yield found
    _remove(stack, *objects)


@pytest.mark.parametrize(("case", "asked"), _ASKED, ids=[f"{case.name} {asked.request}" for case, asked in _ASKED])
def test_the_rule_of_the_case_takes_the_request(served: Served, case: Case, asked: Asked) -> None:
    answer = served.answer(case, asked.request)
    taken_by = answer.headers.get(_HEADER) if answer is not None else None
    assert served.agrees(case, asked), f"expected {asked.taken_by} {asked.answer}, found {taken_by} {answer}"


def _on_serving_class(manifest: Manifest, ports: dict[int, int]) -> Manifest:
    """The object on the class that runs an Envoy, with other ports, and with the name of each rule in its answers."""
    spec: Any = manifest.get("spec", {})
    if manifest["kind"] in ("Gateway", "ListenerSet"):
        listeners = [listener | {"port": ports[listener["port"]]} for listener in spec["listeners"]]
        class_name = {"gatewayClassName": _SERVING} if manifest["kind"] == "Gateway" else {}
        return manifest | {"spec": spec | {"listeners": listeners} | class_name}
    if not manifest["kind"].endswith("Route"):
        return manifest
    parents = [
        parent | ({"port": ports.get(parent["port"], _CLOSED_PORT)} if "port" in parent else {})
        for parent in spec["parentRefs"]
    ]
    spec = spec | {"parentRefs": parents}
    if manifest["kind"] in _MARKED:
        name = manifest["metadata"]["name"]
        spec["rules"] = [_marked(rule, f"{name}/{index}") for index, rule in enumerate(spec["rules"])]
    return manifest | {"spec": spec}


def _marked(rule: Manifest, name: str) -> Manifest:
    filters = list(rule.get("filters", []))
    own = next((filter_ for filter_ in filters if filter_["type"] == "ResponseHeaderModifier"), None)
    others = [filter_ for filter_ in filters if filter_ is not own]
    changes = own["responseHeaderModifier"] if own else {}
    marked = {"set": [*changes.get("set", []), {"name": _HEADER, "value": name}]}
    return rule | {"filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": changes | marked}, *others]}


def _remove(stack: LiveStack, *objects: Manifest) -> None:
    """Delete the objects, but leave the namespaces until the cluster ends.

    The deletion of hundreds of namespaces takes the cluster many minutes, and those of later tests would wait for it.
    """
    stack.delete(*(manifest for manifest in objects if manifest["kind"] != "Namespace"))


def _with_priority(priority: int, manifest: Manifest) -> Manifest:
    if manifest["kind"] != "EnvoyPatchPolicy":
        return manifest
    return manifest | {"spec": manifest["spec"] | {"priority": priority}}


def _on(found: Conditions, case: Case) -> list[str]:
    return [*found.get(_place(CHAT, case), []), *found.get(_place(SHOP, case), [])]


def _placed(*cases: Case, purpose: str = "judged") -> Iterator[Manifest]:
    """The objects of the cases, those of each in namespaces of its own."""
    for case in cases:
        yield namespace(_place(CHAT, case, purpose))
        if SHOP in str(case.objects):
            yield namespace(_place(SHOP, case, purpose), team="sales")
        yield from (_renamed(manifest, case, purpose) for manifest in case.objects)


def _renamed(value: Any, case: Case, purpose: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(inner, case, purpose) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(inner, case, purpose) for inner in value]
    return _place(value, case, purpose) if value in (CHAT, SHOP) else value


def _place(name: str, case: Case, purpose: str = "judged") -> str:
    return f"{name}-{purpose}-{_CASES.index(case)}"
