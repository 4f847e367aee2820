"""Backends of Envoy Gateway: their addresses, and which rules can refer to them."""

from typing import Any

import pytest

from gatewayapi.kinds import ENVOY_GATEWAY
from kube import unknown
from kube.manifest import Manifest
from tests.cases.builders import (
    backend,
    certificate,
    config,
    extension,
    extension_filter,
    gateway,
    listener,
    policy,
    route,
    rule,
    service,
    target,
)
from tests.unit.checks.rules.found import Found, found_in_chat, only_problem

UNKNOWN: Any = unknown.UNKNOWN
HOST = "chat.example.com"
TO_FAR = backend("far", None, group=ENVOY_GATEWAY, kind="Backend")
ENABLED = config("{enableBackend: true}")
RESOLVER = extension("Backend", "far", type="DynamicResolver")


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        ({"fqdn": {"hostname": "localhost", "port": 80}}, ("backend-fqdn-short", "fqdn.hostname")),
        ({"fqdn": {"hostname": "192.0.2.1", "port": 80}}, ("backend-fqdn-is-ip", "fqdn.hostname")),
        ({"ip": {"address": "127.0.0.1", "port": 80}}, ("backend-loopback", "ip.address")),
        ({"ip": {"address": "::1", "port": 80}}, ("backend-loopback", "ip.address")),
        ({"ip": {"address": "192.0.2.1", "port": 80}}, None),
        ({"fqdn": {"hostname": "web.chat", "port": 80}}, None),
        ({"fqdn": {"hostname": UNKNOWN, "port": 80}}, None),
    ],
    ids=str,
)
def test_a_backend_has_an_address_that_envoy_gateway_accepts(
    endpoint: Manifest, problem: tuple[str, str] | None
) -> None:
    found = found_in_chat(ENABLED, extension("Backend", "far", endpoints=[endpoint]))
    expected = [(problem[0], "Backend far", f"spec.endpoints[0].{problem[1]}")] if problem else []
    assert found == expected


def test_a_dynamic_resolver_is_the_only_backend_of_its_rule() -> None:
    assert found_in_chat(gateway(), ENABLED, RESOLVER, route(rule(TO_FAR))) == []
    problem = only_problem(gateway(), ENABLED, RESOLVER, service(), route(rule(TO_FAR, backend())))
    assert (problem.code, problem.field) == ("backend-dynamic-not-alone", "spec.rules[0].backendRefs[0]")
    assert (problem.value, problem.words["backend"]) == ("far", "Backend chat/far")


@pytest.mark.parametrize(
    ("tls", "found"),
    [
        ({"mode": "Passthrough"}, []),
        (
            {"mode": "Terminate", "certificateRefs": [{"name": "cert"}]},
            [("backend-dynamic-needs-passthrough", "TLSRoute web", "spec.rules[0].backendRefs[0]")],
        ),
    ],
    ids=["Passthrough", "Terminate"],
)
def test_a_dynamic_resolver_needs_the_host_name_of_the_tls_handshake(tls: Manifest, found: list[Found]) -> None:
    on_tls = gateway(listener("tls", 443, "TLS", hostname=HOST, tls=tls))
    to_it = route(rule(TO_FAR), kind="TLSRoute", hostnames=[HOST])
    assert found_in_chat(on_tls, certificate("cert", HOST), ENABLED, RESOLVER, to_it) == found


def test_a_dynamic_resolver_does_not_take_the_host_name_from_the_path() -> None:
    by_path = {"type": "PathRegex", "pathRegex": {"pattern": "^/([^/]+)", "substitution": "\\1"}}
    chosen = extension("HTTPRouteFilter", "chosen", urlRewrite={"hostname": by_path})
    rewritten = route(rule(TO_FAR, filters=[extension_filter("chosen")]))
    assert found_in_chat(gateway(), ENABLED, RESOLVER, chosen, rewritten) == [
        ("backend-dynamic-host-from-path", "HTTPRoute web", "spec.rules[0].filters[0]")
    ]


def test_a_unix_socket_is_not_a_backend_of_a_route() -> None:
    socket = extension("Backend", "far", endpoints=[{"unix": {"path": "/run/app.sock"}}])
    problem = only_problem(gateway(), ENABLED, socket, route(rule(TO_FAR)))
    assert (problem.code, problem.field) == ("backend-unix-socket", "spec.rules[0].backendRefs[0]")
    assert (problem.value, problem.words["backend"]) == ("far", "Backend chat/far")


def test_a_policy_names_a_port_of_a_backend_by_its_number() -> None:
    far = extension("Backend", "far", endpoints=[{"fqdn": {"hostname": "shop.example.com", "port": 8443}}])
    validation = {"hostname": "shop.example.com", "wellKnownCACertificates": "System"}

    def securing(port: str) -> Manifest:
        return policy("BackendTLSPolicy", "tls", target("Backend", "far", port, ENVOY_GATEWAY), validation=validation)

    assert found_in_chat(gateway(), ENABLED, far, securing("8443")) == []
    problem = only_problem(gateway(), ENABLED, far, securing("443"))
    assert (problem.code, problem.field) == ("policy-section-missing", "spec.targetRefs[0].sectionName")
    assert problem.words["suggestion"] == "did you mean 8443?"
