"""The certificate that the program makes: for whom, how long, and when it is another one."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from components.gateway import certificates
from components.gateway.certificates import make_pair, self_signed
from kube.namespace import Namespace
from tests.unit.parts import on_cluster
from tests.unit.recording import Recorded, Secret, record

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERIOD = timedelta(days=60)
NAMES = ("synchat.internal", "*.example.com")


def secret(
    monkeypatch: pytest.MonkeyPatch, hostnames: Sequence[str] = NAMES, now: datetime = NOW, *, preview: bool = False
) -> Recorded:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return now

    monkeypatch.setattr(certificates, "datetime", Clock)

    def program() -> None:
        cluster = on_cluster()
        self_signed("gateway", "edge", hostnames, Namespace.restricted("chat", "chat", cluster), cluster)

    (made,) = record(program, preview=preview).of_kind("Secret")
    return made


def test_a_certificate_is_for_every_name_and_signed_by_its_own_key() -> None:
    pair = make_pair(NAMES, NOW)
    certificate = x509.load_pem_x509_certificate(pair.certificate)
    key = serialization.load_pem_private_key(pair.key, None)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(NAMES)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == key.public_key()  # type: ignore[union-attr] # an elliptic curve's


def test_a_certificate_signs_no_other() -> None:
    certificate = x509.load_pem_x509_certificate(make_pair(NAMES, NOW).certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_certificate_outlives_the_period_that_it_is_for_by_two_more() -> None:
    certificate = x509.load_pem_x509_certificate(make_pair(NAMES, NOW).certificate)
    assert certificate.not_valid_before_utc <= NOW - timedelta(hours=24)
    assert certificate.not_valid_after_utc == NOW + 3 * PERIOD


def test_the_pair_is_a_secret_for_tls_in_the_gateways_namespace(monkeypatch: pytest.MonkeyPatch, preview: bool) -> None:
    made = secret(monkeypatch, preview=preview)
    assert made.inputs["type"] == "kubernetes.io/tls"
    assert made.inputs["metadata"]["namespace"] == "chat"
    assert isinstance(made.inputs["data"], Secret)
    assert set(made.inputs["data"].value) == {"tls.crt", "tls.key"}


def test_a_later_run_leaves_the_pair_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = secret(monkeypatch), secret(monkeypatch, now=NOW + timedelta(minutes=1))
    # Every run makes another pair; the engine is told to pass over it.
    assert one.inputs["data"] != other.inputs["data"]
    assert one.ignored_changes == other.ignored_changes == ("data",)
    assert one.urn == other.urn
    assert one.inputs["metadata"] == other.inputs["metadata"]


def test_the_order_of_the_names_makes_no_new_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret(monkeypatch).name == secret(monkeypatch, hostnames=NAMES[::-1]).name


def test_other_names_or_another_period_make_a_new_certificate_under_a_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [
        secret(monkeypatch),
        secret(monkeypatch, hostnames=(*NAMES, "more.internal")),
        secret(monkeypatch, now=NOW + PERIOD),
    ]
    assert len({each.name for each in made}) == 3
    assert [each.inputs["metadata"]["name"] for each in made] == [each.name for each in made]


def test_a_certificate_that_is_just_made_is_valid_until_the_next_two_periods_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = base64.b64decode(secret(monkeypatch).inputs["data"].value["tls.crt"])
    certificate = x509.load_pem_x509_certificate(content)
    assert certificate.not_valid_before_utc < NOW
    assert certificate.not_valid_after_utc > NOW + 2 * PERIOD
