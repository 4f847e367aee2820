"""Verdicts of explain on TLS connections, which Envoy distinguishes by SNI, compared with Envoy's behaviour."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from components.gateway.self_signed import make_pair
from explain import Request, explain
from tests.cases.builders import gateway, listener, manifest, namespace, route, rule, secret, tls_listener
from tests.live.clients import ask
from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until

Wire = dict[str, Any]

_NAMESPACE = _GATEWAY = "server-names"
_FIRST_PORT = 8441
_HOSTS = ("a.test", "b.a.test", "c.b.a.test", "d.test", "a.example")
_APPS = ("one", "two", "three")
_PASSED: Wire = {"protocol": "TLS", "tls": {"mode": "Passthrough"}}
_ENDED: Wire = {"protocol": "TLS", "tls": {"certificateRefs": [{"name": "pair"}]}}


def _to(app: str, *hostnames: str, port: int = 443, kind: str = "TLSRoute", **parent: str) -> Wire:
    """A route to a port of an app: 443 where TLS is passed on, 80 where it ends before."""
    hosts: dict[str, Any] = {"hostnames": list(hostnames)} if hostnames else {}
    parents = [{"name": _GATEWAY} | parent]
    return route(rule({"name": app, "port": port}), name=app, kind=kind, parents=parents, namespace=_NAMESPACE, **hosts)


_TABLES: dict[str, tuple[list[Wire], list[Wire]]] = {
    "the more specific name": (
        [listener("any", **_PASSED)],
        [_to("one", "a.test"), _to("two", "*.test"), _to("three", "*.a.test")],
    ),
    "a listener without a route": (
        [listener("any", **_PASSED), listener("inner", hostname="*.a.test", **_PASSED)],
        [_to("one", "*.test", sectionName="any")],
    ),
    "a name that is another listener's": (
        [listener("any", **_PASSED), listener("own", hostname="a.test", **_PASSED)],
        [_to("one", "a.test", "d.test", sectionName="any")],
    ),
    "beside HTTPS": (
        [listener("any", **_PASSED), tls_listener("web", "*.a.test", "pair")],
        [_to("one", "*.test", sectionName="any"), _to("two", kind="HTTPRoute", port=80, sectionName="web")],
    ),
    "beside HTTPS without a route": (
        [listener("any", **_PASSED), tls_listener("web", "*.a.test", "pair")],
        [_to("one", "*.test", sectionName="any")],
    ),
    "where TLS ends": (
        [listener("any", **_ENDED), listener("inner", hostname="*.a.test", **_ENDED)],
        [_to("one", "*.test", port=80, sectionName="any"), _to("two", kind="TCPRoute", port=80, sectionName="inner")],
    ),
}
_REFUSED: dict[str, tuple[list[Wire], list[Wire]]] = {
    "two routes for one name": (
        [listener("any", **_PASSED)],
        [_to("one", "a.test", "d.test"), _to("two", "a.test")],
    ),
    "a route on two listeners": (
        [listener("any", **_PASSED), listener("inner", hostname="*.a.test", **_PASSED)],
        [_to("one", "b.a.test")],
    ),
}
_REFUSED_FOR = {
    "two routes for one name": "sni-in-two-routes",
    "a route on two listeners": "host-on-two-listeners",
}
_PORTS = {name: _FIRST_PORT + number for number, name in enumerate([*_TABLES, *_REFUSED])}


@pytest.fixture(scope="module")
def objects(stack: LiveStack, echo_images: object) -> Iterator[list[Wire]]:
    """Objects of the namespace, with each table on its own port of one Gateway."""
    pair = make_pair(["*.a.test"], datetime.now(UTC))
    files = {"tls.crt": pair.certificate, "tls.key": pair.key}
    placed = [_placed(*table, _PORTS[name]) for name, table in (_TABLES | _REFUSED).items()]
    listeners = [listener for own, _ in placed for listener in own]
    whole = gateway(*listeners, name=_GATEWAY, class_name="app-gatewayclass")
    stack.apply(
        namespace(_NAMESPACE),
        secret("pair", files, kind="kubernetes.io/tls", namespace=_NAMESPACE),
        *(obj for app in _APPS for obj in _running(app)),
        whole | {"metadata": {"name": _GATEWAY, "namespace": _NAMESPACE}},
        *(placed_route for _, routes in placed for placed_route in routes),
    )
    for what in (f"gateway/{_GATEWAY}", *(f"deployment/{app}" for app in _APPS)):
        condition = "Programmed" if what.startswith("gateway") else "Available"
        stack.kubectl("wait", "-n", _NAMESPACE, f"--for=condition={condition}", what, "--timeout=60s")
    kinds = "gateways,httproutes,tlsroutes,tcproutes,services"
    yield json.loads(stack.kubectl("get", kinds, "-n", _NAMESPACE, "-o", "json"))["items"]
    stack.kubectl("delete", "namespace", _NAMESPACE, "--wait=false")


def _placed(listeners: list[Wire], routes: list[Wire], port: int) -> tuple[list[Wire], list[Wire]]:
    """The listeners and routes on this port, with unique names."""
    found: list[Wire] = []
    for own_route in routes:
        (parent,) = own_route["spec"]["parentRefs"]
        section = {"sectionName": f"{parent['sectionName']}-{port}"} if "sectionName" in parent else {}
        spec = own_route["spec"] | {"parentRefs": [parent | {"port": port} | section]}
        metadata = own_route["metadata"] | {"name": f"{own_route['metadata']['name']}-{port}"}
        found.append(own_route | {"metadata": metadata, "spec": spec})
    return [listener | {"name": f"{listener['name']}-{port}", "port": port} for listener in listeners], found


def _running(app: str) -> tuple[Wire, Wire]:
    labels = {"app": app}
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    container = {"name": "echo", "image": "registry.example.com/echo:1", "readinessProbe": probe}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "https", "port": 443, "targetPort": 8443}]
    pods = {"selector": {"matchLabels": labels}, "template": template}
    return (
        manifest("Deployment", app, api_version="apps/v1", namespace=_NAMESPACE, spec=pods),
        manifest("Service", app, namespace=_NAMESPACE, spec={"selector": labels, "ports": ports}),
    )


@pytest.mark.parametrize("table", _TABLES)
def test_a_connection_goes_where_it_is_said_to_go(stack: LiveStack, objects: list[Wire], table: str) -> None:
    where = ("get", "gateway", _GATEWAY, "-n", _NAMESPACE, "-o", "jsonpath={.status.addresses[0].value}")
    address, port = stack.kubectl(*where), _PORTS[table]
    said = {host: _said(objects, host, port) for host in _HOSTS}
    assert set(said.values()) > {None}
    wait_until(lambda: _done(address, next(host for host in _HOSTS if said[host]), port) is not None)
    assert {host: _done(address, host, port) for host in _HOSTS} == said


@pytest.mark.parametrize("table", _REFUSED)
def test_envoy_refuses_a_server_name_that_it_would_have_twice(
    stack: LiveStack, objects: list[Wire], table: str
) -> None:
    port = _PORTS[table]
    refusal = explain(objects, Request.of(f"tls://d.test:{port}"), problems=()).refusal
    assert refusal
    assert (refusal.reason.code, refusal.reason.words["port"]) == (_REFUSED_FOR[table], f"{port}")
    owner = ("-n", "envoy-gateway-system", "-l", f"gateway.envoyproxy.io/owning-gateway-name={_GATEWAY}")
    wait_until(lambda: f"{port}" in str(_refusals(stack.kubectl("logs", *owner, "-c", "envoy", "--tail", "-1"))))


def _refusals(log: str) -> list[str]:
    return [line for line in log.splitlines() if "matching rules" in line]


def _said(objects: list[Wire], host: str, port: int) -> str | None:
    taken = explain(objects, Request.of(f"https://{host}:{port}"), problems=()).taken
    return taken.backends[0].target.name if taken else None


def _done(address: str, host: str, port: int) -> str | None:
    """App whose pod answers."""
    try:
        answer = ask(address, f"https://{host}:{port}/")
    except httpx.TransportError:
        return None
    return answer.json()["pod"].partition("-")[0] if answer.status_code == 200 else None
