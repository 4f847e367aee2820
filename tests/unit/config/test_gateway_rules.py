"""Rules between the keys of a Gateway."""

from typing import Any

import pytest

from tests.unit.stacks import explained, parse, problems

NODE_PORT = {"exposure": "NodePort", "nodePort": 30080}
AUTOSCALED = {"envoyHpa": {}, "envoyDeployment": {"replicas": 2}}


def listener(**keys: Any) -> dict[str, Any]:
    return {"listeners": [{"name": "a", "protocol": "HTTPS", "port": 8443, **keys}]}


# Node ports


@pytest.mark.parametrize(
    ("gateway", "place", "code"),
    [
        ({"exposure": "NodePort"}, "nodePort", "node-port-required"),
        ({"nodePort": 30080}, "nodePort", "node-port-without-exposure"),
        ({"exposure": "ClusterIP", "nodePort": 30080}, "nodePort", "node-port-without-exposure"),
        ({"exposure": "NodePort", "nodePort": 80}, "nodePort", "config-number"),
        ({"https": {"selfSigned": True}, **NODE_PORT}, "https.nodePort", "node-port-required"),
        ({"https": {"selfSigned": True, "nodePort": 30080}}, "https.nodePort", "node-port-without-exposure"),
        ({**listener(), **NODE_PORT}, "listeners[0].nodePort", "node-port-required"),
        (listener(nodePort=30443), "listeners[0].nodePort", "node-port-without-exposure"),
    ],
    ids=str,
)
def test_a_node_port_is_set_with_its_exposure_and_only_with_it(gateway: dict[str, Any], place: str, code: str) -> None:
    assert problems({"gateway": gateway}) == [(f"gateway.{place}", code)]


def test_only_listeners_of_urls_need_a_node_port() -> None:
    parse({"gateway": {**listener(protocol="TCP"), **NODE_PORT}})


def test_a_node_port_leads_to_one_port() -> None:
    gateway = {"https": {"selfSigned": True, "nodePort": 30080}, **NODE_PORT}
    assert explained({"gateway": gateway}) == [("gateway.https.nodePort", "node-port-taken", {"port": "80"})]


def test_two_listeners_of_one_port_share_its_node_port() -> None:
    hosts = [listener(name=name, hostname=f"{name}.internal", nodePort=30443)["listeners"][0] for name in ("a", "b")]
    parse({"gateway": {"listeners": hosts, **NODE_PORT}})


# Certificates


@pytest.mark.parametrize("protocol", ["HTTP", "TCP"])
def test_a_certificate_needs_a_protocol_with_tls(protocol: str) -> None:
    gateway = listener(protocol=protocol, selfSigned=True)
    assert explained({"gateway": gateway}) == [
        ("gateway.listeners[0].selfSigned", "certificate-needs-tls", {"protocol": protocol})
    ]


@pytest.mark.parametrize(
    ("gateway", "place", "other"),
    [
        (listener(selfSigned=True, secret="s"), "listeners[0].secret", "selfSigned"),
        (listener(secret="s", issuer="i", hostname="a.internal"), "listeners[0].issuer", "secret"),
        ({"https": {"selfSigned": True, "secret": "s"}}, "https.secret", "selfSigned"),
        (
            {"https": {"hosts": {"a.internal": {"secret": "s", "issuer": "i"}}}},
            'https.hosts["a.internal"].issuer',
            "secret",
        ),
    ],
    ids=str,
)
def test_a_certificate_comes_from_one_source(gateway: dict[str, Any], place: str, other: str) -> None:
    assert explained({"gateway": gateway}) == [(f"gateway.{place}", "keys-exclusive", {"other": other})]


@pytest.mark.parametrize(
    ("https", "place", "sources"),
    [
        ({}, "gateway.https", "selfSigned, secret, issuer and hosts"),
        ({"hosts": {"a.internal": {}}}, 'gateway.https.hosts["a.internal"]', "selfSigned, secret and issuer"),
    ],
)
def test_a_certificate_has_a_source(https: dict[str, Any], place: str, sources: str) -> None:
    assert explained({"gateway": {"https": https}}) == [(place, "certificate-source-required", {"sources": sources})]


def test_the_issuer_of_a_listener_needs_a_hostname_to_issue_for() -> None:
    assert problems({"gateway": listener(issuer="i")}) == [("gateway.listeners[0].issuer", "issuer-needs-hostname")]


# Fields that the program sets


@pytest.mark.parametrize(
    ("spec", "place", "key"),
    [
        ({"gatewayClassName": "x"}, "gateways.inner.spec.gatewayClassName", "className"),
        ({"listeners": []}, "gateways.inner.spec.listeners", "listeners"),
    ],
)
def test_a_field_of_the_spec_that_has_a_key_of_its_own_is_rejected(spec: dict[str, Any], place: str, key: str) -> None:
    assert explained({"gateways": {"inner": {"spec": spec}}}) == [(place, "field-has-own-key", {"key": key})]


def test_an_autoscaler_sets_the_number_of_envoys() -> None:
    gateway = {"proxy": {"provider": {"kubernetes": AUTOSCALED}}}
    place = "gateway.proxy.provider.kubernetes.envoyDeployment.replicas"
    assert explained({"gateway": gateway}) == [(place, "keys-exclusive", {"other": "envoyHpa"})]


def test_an_extra_gateway_has_another_name_than_the_chats_own() -> None:
    assert problems({"gateways": {"app-gateway": {}}}) == [("gateways.app-gateway", "name-taken")]
