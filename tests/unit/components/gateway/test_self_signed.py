"""Self-signed certificates: host names, lifetime, and when a new one is issued."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from components.gateway import self_signed
from components.gateway.self_signed import create_self_signed, make_pair
from kube.namespace import create_restricted_namespace
from plans.recording import Recorded, Secret
from tests.unit import small_stack
from tests.unit.recording import record

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERIOD = timedelta(days=60)
HOSTNAMES = ("synchat.internal", "*.example.com")


def secret(
    monkeypatch: pytest.MonkeyPatch, hostnames: Sequence[str] = HOSTNAMES, now: datetime = NOW, *, preview: bool = False
) -> Recorded:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return now

    monkeypatch.setattr(self_signed, "datetime", Clock)

    def program() -> None:
        cluster = small_stack.on_cluster()
        namespace = create_restricted_namespace("chat", "chat", cluster)
        create_self_signed("gateway", "edge", hostnames, namespace, cluster)

    (resource,) = record(program, preview=preview).of_kind("Secret")
    return resource


def test_a_certificate_is_for_every_host_name_and_signed_by_its_own_key() -> None:
    pair = make_pair(HOSTNAMES, NOW)
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    key = serialization.load_pem_private_key(pair.key, None)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(HOSTNAMES)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == key.public_key()  # type: ignore[union-attr] # an elliptic curve's


def test_a_certificate_signs_no_other() -> None:
    certificate = x509.load_pem_x509_certificate(make_pair(HOSTNAMES, NOW).certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_certificate_is_valid_for_its_period_and_two_more() -> None:
    certificate = x509.load_pem_x509_certificate(make_pair(HOSTNAMES, NOW).certificate)
    assert certificate.not_valid_before_utc <= NOW - timedelta(hours=24)
    assert certificate.not_valid_after_utc == NOW + 3 * PERIOD


def test_the_pair_is_in_a_tls_secret_in_the_namespace(monkeypatch: pytest.MonkeyPatch, preview: bool) -> None:
    pair = secret(monkeypatch, preview=preview)
    assert pair.inputs["type"] == "kubernetes.io/tls"
    assert pair.inputs["metadata"]["namespace"] == "chat"
    assert {name: type(value) for name, value in pair.inputs["data"].items()} == {"tls.crt": Secret, "tls.key": Secret}


def test_a_later_run_keeps_the_existing_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = secret(monkeypatch), secret(monkeypatch, now=NOW + timedelta(minutes=1))
    # Every run makes another pair, whose change the engine ignores.
    assert one.inputs["data"] != other.inputs["data"]
    assert one.ignored_changes == other.ignored_changes == ("data",)
    assert one.urn == other.urn
    assert one.inputs["metadata"] == other.inputs["metadata"]


def test_the_order_of_the_host_names_makes_no_new_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret(monkeypatch).name == secret(monkeypatch, hostnames=HOSTNAMES[::-1]).name


def test_other_host_names_or_another_period_make_a_new_certificate_with_a_new_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = [
        secret(monkeypatch),
        secret(monkeypatch, hostnames=(*HOSTNAMES, "more.internal")),
        secret(monkeypatch, now=NOW + PERIOD),
    ]
    assert len({secret.name for secret in secrets}) == 3
    assert all(secret.inputs["metadata"]["name"] == secret.name for secret in secrets)


def test_a_new_certificate_is_valid_until_the_next_two_periods_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = base64.b64decode(secret(monkeypatch).inputs["data"]["tls.crt"].value)
    certificate = x509.load_pem_x509_certificate(content)
    assert certificate.not_valid_before_utc < NOW
    assert certificate.not_valid_after_utc > NOW + 2 * PERIOD
