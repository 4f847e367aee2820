"""What `make ask` gives to Envoy, and what it prints. tests/live/test_ask.py asks a real Envoy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from explain import Request, explain
from tests.cases import builders
from tools.ask import Answer
from tools.ask import command as ask_command
from tools.ask.loopback import Loopback
from tools.ask.view import print_answer, print_envoy
from tools.stack import Stack

_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ANY = "0.0.0.0"  # noqa: S104 - nothing listens there: it is what the pods have
_TLS = {"sdsConfig": {"ads": {}}, "name": "chat/cert"}


def _filter(name: str) -> dict[str, Any]:
    return {"name": name, "typedConfig": {"@type": "any"}}


def _resources(**cluster: Any) -> dict[str, list[dict[str, Any]]]:
    manager = {
        "@type": _MANAGER,
        "rds": {"configSource": {"ads": {}}, "routeConfigName": "chat/gate/https"},
        "tracing": {"provider": {}},
        "accessLog": [_filter("theirs")],
        "httpFilters": [
            _filter("envoy.filters.http.ext_authz/securitypolicy/chat/guard"),
            _filter("envoy.filters.http.wasm/envoyextensionpolicy/chat/wasm/0"),
            _filter("envoy.filters.http.jwt_authn"),
            _filter("envoy.filters.http.router"),
        ],
    }
    per_route = {"envoy.filters.http.ext_authz/securitypolicy/chat/guard": {}, "envoy.filters.http.jwt_authn": {}}
    service = {"kind": "Service", "namespace": "chat", "name": "web", "sectionName": "80"}
    return {
        "listeners": [
            {
                "name": "chat/gate/https",
                "address": {"socketAddress": {"address": _ANY, "portValue": 10443}},
                "listenerFilters": [_filter("envoy.filters.listener.proxy_protocol")],
                "filterChains": [
                    {
                        "filters": [{"name": "manager", "typedConfig": manager}],
                        "transportSocket": {"typedConfig": {"tlsCertificateSdsSecretConfigs": [_TLS]}},
                    }
                ],
            },
            {
                "name": "chat/gate/https-quic",
                "address": {"socketAddress": {"address": _ANY, "portValue": 10443, "protocol": "UDP"}},
            },
            {
                "name": "envoy-gateway-proxy-ready-0.0.0.0-19003",
                "address": {"socketAddress": {"address": _ANY, "portValue": 19003}},
            },
        ],
        "routes": [
            {
                "name": "chat/gate/https",
                "virtualHosts": [{"name": "all", "routes": [{"typedPerFilterConfig": per_route}]}],
            }
        ],
        "clusters": [
            {
                "name": "web",
                "type": "EDS",
                "edsClusterConfig": {"edsConfig": {"ads": {}}, "serviceName": "web"},
                "transportSocket": {},
                **cluster,
            },
            {
                "name": "issuer",
                "type": "STRICT_DNS",
                "loadAssignment": {"clusterName": "issuer", "endpoints": [_locality("issuer.example.com", 443)]},
            },
        ],
        "endpoints": [
            {
                "clusterName": "web",
                "endpoints": [
                    _locality("10.0.0.1", 8080)
                    | {"metadata": {"filterMetadata": {"envoy-gateway": {"resources": [service]}}}}
                ],
            }
        ],
        "secrets": [{"name": "chat/cert", "tlsCertificate": {}}, {"name": "chat/cert", "tlsCertificate": {}}],
    }


def _locality(address: str, port: int) -> dict[str, Any]:
    return {"lbEndpoints": [{"endpoint": {"address": {"socketAddress": {"address": address, "portValue": port}}}}]}


def _written(directory: Path, **cluster: Any) -> tuple[Loopback, dict[str, Any]]:
    loopback = Loopback(directory=directory)
    loopback.write(_resources(**cluster))
    return loopback, json.loads(loopback.bootstrap.read_text())["staticResources"]


def _below(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _below(each)


def test_envoy_has_no_address_but_those_of_this_machine(tmp_path: Path) -> None:
    loopback, static = _written(tmp_path)
    addresses = [each["socketAddress"]["address"] for each in _below(static) if "socketAddress" in each]
    pipes = {each["pipe"]["path"] for each in _below(static) if "pipe" in each}
    assert addresses == ["127.0.0.1"]
    assert pipes == {str(tmp_path / "backend-0"), str(tmp_path / "backend-1")}
    assert sorted(loopback.backends) == ["Service chat/web, port 80", "issuer.example.com:443"]
    assert not any("ads" in each or "sdsConfig" in each for each in _below(static))


def test_what_needs_others_is_left_out_and_named(tmp_path: Path) -> None:
    loopback, static = _written(tmp_path)
    (manager, *_) = [each for each in _below(static) if each.get("@type") == _MANAGER]
    assert [each["name"] for each in manager["httpFilters"]] == [
        "envoy.filters.http.jwt_authn",
        "envoy.filters.http.router",
    ]
    assert "tracing" not in manager
    assert manager["routeConfig"]["virtualHosts"][0]["routes"] == [
        {"typedPerFilterConfig": {"envoy.filters.http.jwt_authn": {}}}
    ]
    assert loopback.left_out == {"an external authorization server", "a Wasm module"}


def test_listeners_of_clients_keep_their_port_in_the_answer(tmp_path: Path) -> None:
    loopback, static = _written(tmp_path)
    assert loopback.ports == {"chat/gate/https": 10443}
    assert loopback.expect_proxy_protocol == {"chat/gate/https"}
    assert [each["name"] for each in static["listeners"]] == ["chat/gate/https", "backend-0", "backend-1"]
    assert [each["name"] for each in static["secrets"]] == ["chat/cert"]


@pytest.mark.parametrize(
    ("automatic", "explicit"),
    [({"httpProtocolOptions": {}}, {"httpProtocolOptions": {}}), ({"http2ProtocolOptions": {"a": 1}},) * 2],
)
def test_a_backend_whose_protocol_tls_would_choose_gets_one(
    tmp_path: Path, automatic: dict[str, Any], explicit: dict[str, Any]
) -> None:
    _, static = _written(tmp_path, typedExtensionProtocolOptions={"http": {"autoConfig": automatic}})
    options = static["clusters"][0]["typedExtensionProtocolOptions"]
    assert options == {"http": {"explicitHttpConfig": explicit}}


def test_an_answer_is_printed_with_what_reached_the_backend(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(
        request=Request.of("http://chat.internal/a//b"),
        status=200,
        headers=(("date", "today"), ("x-own", "\x1b[2J")),
        route="httproute/chat/web/rule/0/match/0/*",
        details="via_upstream",
        backend="Service chat/web, port 80",
        received=(":method: GET", ":path: /a/b", ":authority: chat.internal", "x-request-id: 1"),
    )
    print_answer("chat/gate", answer, ["a Wasm module"], Console(highlight=False))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "",
        "GET http://chat.internal/a//b",
        " gateway  chat/gate",
        " status   200 (via_upstream)",
        " header   x-own: \\x1b[2J",
        " rule     httproute/chat/web/rule/0/match/0/*",
        " by       Service chat/web, port 80",
        " received GET /a/b",
        "          host: chat.internal",
        "          x-request-id: 1",
        " without  a Wasm module",
    ]


@pytest.mark.parametrize(
    ("route", "says"),
    [
        ("httproute/chat/web/rule/0/match/0/*", "the same rule"),
        ("httproute/chat/web/rule/01/match/0/*", "httproute/chat/web/rule/01/match/0/*, not as above"),
        ("", "nothing, not as above"),
    ],
)
def test_envoys_answer_is_compared_with_the_explanation(
    route: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request = Request.of("http://chat.internal/")
    web = {"parentRefs": [{"name": "gate"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}
    objects = [builders.namespace(), builders.gateway(), builders.manifest("HTTPRoute", "web", spec=web)]
    verdict = explain([*objects, *builders.gateway_class(builders.CLASS)], request, problems=())
    answer = Answer(request=request, status=200, route=route)
    print_envoy(verdict, {"chat/gate": ([answer], ())}, Console(highlight=False))
    assert f"taken by {says}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("url", "says"), [("", "There is no URL"), ("tcp://db.internal:5432", "is not a request of HTTP")]
)
def test_what_envoy_cannot_be_asked_is_refused_before_anything_is_built(
    url: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask_command.run(Stack.of("dev", "kind-one"), url, "", []) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "route", "taken"),
    [(200, "r", True), (404, "r", True), (404, "", False), (403, "r", False), (500, "r", False)],
)
def test_a_request_is_taken_by_a_rule_that_does_not_deny_it(status: int, route: str, taken: bool) -> None:
    assert Answer(request=Request.of("http://a.internal/"), status=status, route=route).is_taken == taken
