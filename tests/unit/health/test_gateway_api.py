"""Health of Gateway API objects, policies and certificates, by their conditions."""

import pytest

from kube.manifest import Manifest
from tests.unit.health.cluster_objects import (
    ENVOY_GATEWAY,
    GATEWAY_API,
    GENERATION,
    GOOD_GATEWAY,
    GOOD_ROUTE,
    an_object,
    condition,
    gateway,
    route,
    text_of,
)


def test_a_gateway_is_ready_when_it_and_its_listeners_are() -> None:
    listener = {"name": "http", "conditions": [*GOOD_GATEWAY, condition("ResolvedRefs")]}
    assert text_of(gateway(GOOD_GATEWAY, [listener])) == ""


def test_a_failing_listener_is_named_and_its_gateway_is_not_ready() -> None:
    broken = condition("ResolvedRefs", "False", "InvalidCertificateRef", "Secret chat/tls does not exist")
    listeners = [
        {"name": "http", "conditions": [*GOOD_GATEWAY, condition("ResolvedRefs")]},
        {"name": "https", "conditions": [*GOOD_GATEWAY, broken]},
    ]
    reason, fix = text_of(gateway(GOOD_GATEWAY, listeners)).splitlines()
    assert reason == "listener https: InvalidCertificateRef: Secret chat/tls does not exist"
    assert fix.startswith("-> Check that the Secret exists")


def test_a_gateway_without_an_address_comes_with_a_fix() -> None:
    waiting = condition("Programmed", "False", "AddressNotAssigned", "No addresses")
    reason, fix = text_of(gateway([condition("Accepted"), waiting])).splitlines()
    assert reason == "AddressNotAssigned: No addresses"
    assert fix.startswith("-> On minikube type: minikube tunnel.")


def test_an_object_without_a_status_is_not_ready() -> None:
    assert text_of(an_object("GatewayClass", GATEWAY_API)) == "no status yet; does its controller run?"


def test_a_condition_of_an_earlier_generation_does_not_count() -> None:
    stale = condition("Accepted") | {"observedGeneration": GENERATION - 1}
    assert text_of(an_object("GatewayClass", GATEWAY_API, status={"conditions": [stale]})) == (
        "Accepted is stale: its observedGeneration is older than the object"
    )


def test_a_condition_that_is_missing_beside_others_is_named() -> None:
    assert text_of(gateway([condition("Accepted")])) == "Programmed is not reported yet"


BAD_ROUTE = [condition("Accepted"), condition("ResolvedRefs", "False", "BackendNotFound", "Service web is not there")]


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
def test_every_kind_of_route_must_have_its_backends(kind: str) -> None:
    assert text_of(route(kind, ("app-gateway", GOOD_ROUTE))) == ""
    assert text_of(route(kind, ("app-gateway", BAD_ROUTE))) == (
        "Gateway app-gateway: BackendNotFound: Service web is not there\n"
        "-> Was the Service deleted by hand? pulumi up --refresh"
    )


def test_a_route_with_dropped_rules_is_not_ready_although_it_is_accepted() -> None:
    dropped = condition("PartiallyInvalid", "True", "IncompatibleFilters", "Dropped Rule(s) [1]: a mirror")
    reason, fix = text_of(route("HTTPRoute", ("app-gateway", [*GOOD_ROUTE, dropped]))).splitlines()
    assert reason == "Gateway app-gateway: IncompatibleFilters: Dropped Rule(s) [1]: a mirror"
    assert fix == "-> Remove one of the two filters"
    for fixed in ({"status": "False"}, {"observedGeneration": GENERATION - 1}):
        assert text_of(route("HTTPRoute", ("app-gateway", [*GOOD_ROUTE, dropped | fixed]))) == ""


def test_each_of_several_parents_must_accept_the_route() -> None:
    both = ("one", "two")
    assert text_of(route("HTTPRoute", ("one", BAD_ROUTE), ("two", GOOD_ROUTE), named=both)).startswith("Gateway one: ")
    assert text_of(route("HTTPRoute", ("one", GOOD_ROUTE), named=both)) == (
        "Gateway two: no status yet; does the parent exist, and does its controller run?"
    )
    # The status keeps what was reported while the route still named that parent.
    assert text_of(route("HTTPRoute", ("one", GOOD_ROUTE), ("old", BAD_ROUTE), named=("one",))) == ""


POLICIES = [
    ("BackendTLSPolicy", GATEWAY_API),
    ("ClientTrafficPolicy", ENVOY_GATEWAY),
    ("BackendTrafficPolicy", ENVOY_GATEWAY),
    ("SecurityPolicy", ENVOY_GATEWAY),
    ("EnvoyExtensionPolicy", ENVOY_GATEWAY),
    ("EnvoyPatchPolicy", ENVOY_GATEWAY),
]


@pytest.mark.parametrize(("kind", "version"), POLICIES)
def test_a_policy_of_any_kind_must_be_accepted_for_every_gateway(kind: str, version: str) -> None:
    def policy(*accepted: Manifest) -> Manifest:
        ancestors = [
            {"ancestorRef": {"name": f"gateway-{number}"}, "conditions": [verdict, condition("Programmed")]}
            for number, verdict in enumerate(accepted)
        ]
        return an_object(kind, version, status={"ancestors": ancestors})

    conflict = condition("Accepted", "False", "Conflicted", "an older policy is there")
    assert text_of(policy(condition("Accepted"), condition("Accepted"))) == ""
    reason, fix = text_of(policy(conflict, condition("Accepted"))).splitlines()
    assert reason == "Gateway gateway-0: Conflicted: an older policy is there"
    assert fix.startswith("-> Another policy of this kind has the same target")
    assert text_of(policy()).startswith("no status yet; does its target exist, and does its controller run?")


def test_a_patch_without_a_match_is_not_ready() -> None:
    conditions = [condition("Accepted"), condition("Programmed", "False", "ResourceNotFound", "Unable to find it")]
    ancestors = [{"ancestorRef": {"name": "gateway"}, "conditions": conditions}]
    assert text_of(an_object("EnvoyPatchPolicy", ENVOY_GATEWAY, status={"ancestors": ancestors})) == (
        "Gateway gateway: ResourceNotFound: Unable to find it"
    )


def test_a_patch_without_a_status_may_have_lost_it() -> None:
    assert text_of(an_object("EnvoyPatchPolicy", ENVOY_GATEWAY)).endswith("pulumi up --refresh")
    assert "--refresh" not in text_of(an_object("SecurityPolicy", ENVOY_GATEWAY))


def test_a_listener_set_is_ready_when_it_and_its_listeners_are() -> None:
    def listener_set(*conditions: Manifest) -> Manifest:
        listeners = [{"name": "extra", "conditions": [*GOOD_GATEWAY, *conditions]}]
        return an_object("ListenerSet", GATEWAY_API, status={"conditions": GOOD_GATEWAY, "listeners": listeners})

    assert text_of(listener_set(condition("ResolvedRefs"))) == ""
    broken = condition("ResolvedRefs", "False", "InvalidCertificateRef", "Secret chat/tls does not exist")
    assert text_of(listener_set(broken)).startswith("listener extra: InvalidCertificateRef: ")
    assert text_of(an_object("ListenerSet", GATEWAY_API)) == "no status yet; does its controller run?"


def test_a_backend_is_ready_unless_envoy_gateway_refuses_it() -> None:
    def backend(*conditions: Manifest) -> Manifest:
        return an_object("Backend", ENVOY_GATEWAY, status={"conditions": conditions})

    assert text_of(backend(condition("Accepted"))) == ""
    # Envoy Gateway reports nothing about one that nothing refers to.
    assert text_of(backend()) == ""
    refused = condition("Invalid", "False", "Accepted", "IP address 127.0.0.1 in the loopback range")
    assert text_of(backend(refused)) == "Invalid: IP address 127.0.0.1 in the loopback range"
    assert text_of(backend(refused | {"observedGeneration": GENERATION - 1}, condition("Accepted"))) == ""


def test_a_certificate_that_is_not_issued_shows_why() -> None:
    pending = condition("Ready", "False", "Pending", "Waiting for the challenge of chat.example.com")
    item = an_object("Certificate", "cert-manager.io/v1", status={"conditions": [pending]})
    assert text_of(item).splitlines()[0] == "Pending: Waiting for the challenge of chat.example.com"
    assert text_of(an_object("Issuer", "cert-manager.io/v1", status={"conditions": [condition("Ready")]})) == ""
