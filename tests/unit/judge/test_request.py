"""The question to the judge: the objects that Envoy Gateway reads, and stand-ins for those of others."""

from typing import Any

import pytest

from checks.schema import Crds, builtin
from judge.request import request
from kube.unknown import UNKNOWN
from tests.cases.builders import SYSTEM, Manifest, config, manifest, namespace
from tests.cases.case import with_common

_KINDS = Crds(builtin.kinds())


def asked(*objects: Manifest) -> list[Manifest]:
    return request(with_common(objects), _KINDS)["objects"]


def found(objects: list[Manifest], kind: str, name: str) -> Manifest:
    (one,) = (each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return one


def route(**backend: Any) -> Manifest:
    backend = {"name": "web", "port": 80} | backend
    return manifest("HTTPRoute", "web", spec={"parentRefs": [{"name": "gate"}], "rules": [{"backendRefs": [backend]}]})


def test_only_kinds_that_envoy_gateway_reads_are_sent() -> None:
    sent = asked(manifest("Deployment", "web"), manifest("Service", "web", spec={"ports": [{"port": 80}]}))
    assert "Deployment" not in {each["kind"] for each in sent}
    assert found(sent, "Service", "web")


def test_a_service_in_a_namespace_of_others_is_there_with_its_port_and_a_grant() -> None:
    sent = asked(
        route(namespace="theirs"), route(namespace="theirs", port=81) | {"metadata": {"name": "b", "namespace": "chat"}}
    )
    service = found(sent, "Service", "web")
    assert service["metadata"]["namespace"] == "theirs"
    assert [port["port"] for port in service["spec"]["ports"]] == [80, 81]
    (grant,) = (each for each in sent if each["kind"] == "ReferenceGrant")
    assert grant["metadata"]["namespace"] == "theirs"
    assert grant["spec"]["from"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "chat"}]


def test_a_service_that_is_missing_in_the_stacks_own_namespace_has_no_stand_in() -> None:
    assert "Service" not in {each["kind"] for each in asked(route())}


def test_a_secret_that_a_controller_makes_has_the_keys_that_envoy_gateway_reads() -> None:
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "issued"}]}}
    sent = asked(manifest("Gateway", "gate", spec={"gatewayClassName": "separate", "listeners": [listener]}))
    assert found(sent, "Secret", "issued")["data"].keys() >= {"tls.crt", "tls.key"}


def test_contents_that_are_known_only_after_up_are_null_and_other_fields_are_left_out() -> None:
    secret = manifest("Secret", "pair", stringData={"tls.crt": UNKNOWN, "tls.key": "known"})
    service = manifest("Service", "web", spec={"clusterIP": UNKNOWN, "ports": [{"port": 80}]})
    sent = asked(secret, service)
    assert found(sent, "Secret", "pair")["stringData"] == {"tls.crt": None, "tls.key": "known"}
    assert "clusterIP" not in found(sent, "Service", "web")["spec"]


def test_the_config_is_the_stacks_own_or_else_permits_everything() -> None:
    own = request(with_common([config("{enableBackend: true}")]), _KINDS)
    assert "enableBackend: true" in own["config"]
    assert own["namespace"] == SYSTEM
    of_others = request([namespace()], _KINDS)
    assert "enableEnvoyPatchPolicy: true" in of_others["config"]


@pytest.mark.parametrize("number", [80, 80.0])
def test_whole_numbers_are_integers(number: float) -> None:
    sent = asked(manifest("Service", "web", spec={"ports": [{"port": number}]}))
    assert isinstance(found(sent, "Service", "web")["spec"]["ports"][0]["port"], int)


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_content_of_which_nothing_is_known_has_every_key_that_envoy_gateway_reads(kind: str) -> None:
    sent = found(asked(manifest(kind, "users", data=UNKNOWN)), kind, "users")
    assert sent["data"]["ca.crt"] is None
    assert "ca.crl" in sent["data"]


def test_a_controller_whose_configuration_is_not_known_permits_everything() -> None:
    given = request(
        [namespace(), manifest("ConfigMap", "envoy-gateway-config", namespace=SYSTEM, data=UNKNOWN)], _KINDS
    )
    assert "enableLua: true" in given["config"]
