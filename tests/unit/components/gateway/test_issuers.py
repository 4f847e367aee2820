"""Issuer: who signs certificates for the listeners, and what that needs."""

from typing import Any

from config import GatewayConfig
from tests.unit import parts
from tests.unit.recording import Recorded, Recording, record

SERVER = "https://acme.example.com/directory"
OURS = {"ours": {"selfSignedCa": True}}
SELF_SIGNED, AUTHORITY, ISSUER = (
    "is-ours-issuer-ours-self-signed",
    "is-ours-certificate-ours-authority",
    "is-ours-issuer-ours",
)
ORDERED = "gw-certificate-https-synchat.internal"


def build(issuers: dict[str, Any], **gateway: Any) -> Recording:
    settings = GatewayConfig.model_validate(gateway)
    return record(lambda: parts.gateway(parts.on_cluster(), settings, issuers=issuers))


def spec(resource: Recorded) -> dict[str, Any]:
    return resource.inputs["spec"]


def test_an_authority_of_the_stacks_own_signs_itself_and_then_others() -> None:
    recording = build(OURS)
    root = spec(recording[AUTHORITY])
    assert (root["isCA"], root["issuerRef"]["name"]) == (True, "ours-self-signed")
    # What clients were given holds for long, and for every later one with the same key.
    assert (root["duration"], root["privateKey"]) == (
        "87600h",
        {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
    )
    assert spec(recording[ISSUER]) == {"ca": {"secretName": root["secretName"]}}
    assert recording.waits_for(AUTHORITY, SELF_SIGNED)
    assert recording.waits_for(ISSUER, AUTHORITY)
    assert recording.waits_for(SELF_SIGNED, "eg-deployment-envoy-gateway")


def test_a_listeners_certificate_is_of_the_stacks_issuer_and_comes_after_it() -> None:
    recording = build(OURS, https={"issuer": "ours"})
    named = spec(recording[ORDERED])["issuerRef"]
    assert (named["kind"], named["name"]) == ("Issuer", "ours")
    assert recording.waits_for(ORDERED, ISSUER)
    assert not recording.waits_for("gw-gateway", ISSUER)


def test_acme_is_answered_through_every_gateways_listener_for_http() -> None:
    acme = spec(build({"a": {"acme": {"server": SERVER, "email": "ops@example.com"}}})["is-a-issuer-a"])["acme"]
    assert (acme["server"], acme["email"]) == (SERVER, "ops@example.com")
    (solver,) = acme["solvers"]
    parents = {each["name"]: each["sectionName"] for each in solver["http01"]["gatewayHTTPRoute"]["parentRefs"]}
    assert parents == {"app-gateway": "http", "inner": "plain"}


def test_further_fields_of_acme_are_laid_over() -> None:
    acme = spec(build({"a": {"acme": {"server": SERVER, "caBundle": "abc", "solvers": []}}})["is-a-issuer-a"])["acme"]
    assert (acme["caBundle"], acme["solvers"]) == ("abc", [])


def test_any_other_way_to_sign_is_passed_on() -> None:
    vault = {"server": "https://vault.example.com", "path": "pki/sign/chat"}
    assert spec(build({"corporate": {"vault": vault}})["is-corporate-issuer-corporate"]) == {"vault": vault}
