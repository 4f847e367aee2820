"""Issuer: who signs certificates for listeners."""

from typing import Any

from plans.recording import Recorded
from tests.unit import small_stack

SERVER = "https://acme.example.com/directory"
OURS = {"ours": {"selfSignedCa": True}}
SELF_SIGNED, AUTHORITY, ISSUER = (
    "issuer-ours-issuer-ours-self-signed",
    "issuer-ours-certificate-ours-authority",
    "issuer-ours-issuer-ours",
)


def spec(resource: Recorded) -> dict[str, Any]:
    return resource.inputs["spec"]


def acme(keys: dict[str, Any], **others: Any) -> dict[str, Any]:
    """The field `acme` of an issuer with these keys."""
    return spec(small_stack.build(issuers={"a": {"acme": keys}}, **others)["issuer-a-issuer-a"])["acme"]


def test_a_certificate_authority_signs_itself_and_then_others() -> None:
    recording = small_stack.build(issuers=OURS)
    root = spec(recording[AUTHORITY])
    assert (root["isCA"], root["issuerRef"]["name"]) == (True, "ours-self-signed")
    # Clients trust it for long: every renewal has the same key.
    assert root["duration"] == "87600h"
    assert root["privateKey"] == {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"}
    assert spec(recording[ISSUER]) == {"ca": {"secretName": root["secretName"]}}
    assert recording.waits_for(AUTHORITY, SELF_SIGNED)
    assert recording.waits_for(ISSUER, AUTHORITY)
    assert recording.waits_for(SELF_SIGNED, "envoy-gateway-deployment-envoy-gateway")


def test_a_listeners_certificate_names_the_stacks_issuer_and_comes_after_it() -> None:
    recording = small_stack.build(issuers=OURS, gateway={"https": {"issuer": "ours"}})
    certificate = "gateway-certificate-https-synchat.internal"
    reference = spec(recording[certificate])["issuerRef"]
    assert (reference["kind"], reference["name"]) == ("Issuer", "ours")
    assert recording.waits_for(certificate, ISSUER)
    assert not recording.waits_for("gateway-gateway", ISSUER)


def test_acme_challenges_come_through_the_http_listener_of_every_gateway() -> None:
    found = acme({"server": SERVER, "email": "ops@example.com"}, gateways={"inner": {"listener": "plain"}})
    assert (found["server"], found["email"]) == (SERVER, "ops@example.com")
    (solver,) = found["solvers"]
    parents = {parent["name"]: parent["sectionName"] for parent in solver["http01"]["gatewayHTTPRoute"]["parentRefs"]}
    assert parents == {"app-gateway": "http", "inner": "plain"}


def test_fields_of_acme_replace_the_programs() -> None:
    found = acme({"server": SERVER, "caBundle": "abc", "solvers": []})
    assert (found["caBundle"], found["solvers"]) == ("abc", [])


def test_any_other_field_of_an_issuer_is_passed_on() -> None:
    vault = {"server": "https://vault.example.com", "path": "pki/sign/chat"}
    recording = small_stack.build(issuers={"corporate": {"vault": vault}})
    assert spec(recording["issuer-corporate-issuer-corporate"]) == {"vault": vault}
