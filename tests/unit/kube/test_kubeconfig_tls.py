"""Certificates of an API server: only those of the kubeconfig's CA are trusted."""

import base64
import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.unit.kube.clusters import check, document, error_of_context
from tests.unit.web import Web, serving


class SelfSigned:
    """A self-signed certificate for the server name `kubernetes`, and for 127.0.0.1 unless `with_address` is false."""

    def __init__(self, directory: Path, *, with_address: bool = True) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        names: list[x509.GeneralName] = [x509.DNSName("kubernetes")]
        if with_address:
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, SHA256())
        )
        pem = certificate.public_bytes(Encoding.PEM)
        self.data = base64.b64encode(pem).decode()
        self.file = directory / "ca.crt"
        self.file.write_bytes(pem)
        key_file = directory / "ca.key"
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, key_file)


@pytest.fixture
def certificate(tmp_path: Path) -> SelfSigned:
    return SelfSigned(tmp_path)


@pytest.fixture
def api_server(certificate: SelfSigned) -> Iterator[Web]:
    with serving(Web(), certificate.context) as api_server:
        yield api_server


def test_a_certificate_in_the_kubeconfig_is_trusted(kubeconfig: Path, certificate: SelfSigned, api_server: Web) -> None:
    check(kubeconfig, document(server=api_server.url, certificate_authority_data=certificate.data))
    assert api_server.asked == ["/version"]


def test_a_certificate_file_next_to_the_kubeconfig_is_trusted(
    kubeconfig: Path, certificate: SelfSigned, api_server: Web
) -> None:
    # As minikube writes it; the program runs in another directory.
    check(kubeconfig, document(server=api_server.url, certificate_authority=certificate.file.name))
    assert api_server.asked == ["/version"]


def test_an_unknown_certificate_is_not_trusted(kubeconfig: Path, api_server: Web) -> None:
    code, words = error_of_context(kubeconfig, document(server=api_server.url))
    assert code == "server-untrusted"
    assert "certificate verify failed" in words["reason"]
    assert api_server.asked == []


def test_insecure_skip_tls_verify_trusts_any_certificate(kubeconfig: Path, api_server: Web) -> None:
    check(kubeconfig, document(server=api_server.url, insecure_skip_tls_verify=True))
    assert api_server.asked == ["/version"]


def test_a_certificate_for_another_name_needs_tls_server_name(kubeconfig: Path, tmp_path: Path) -> None:
    certificate = SelfSigned(tmp_path, with_address=False)
    with serving(Web(), certificate.context) as api_server:
        config = document(server=api_server.url, certificate_authority_data=certificate.data)
        code, words = error_of_context(kubeconfig, config)
        assert code == "server-untrusted"
        assert "certificate verify failed" in words["reason"]
        config["clusters"][0]["cluster"]["tls-server-name"] = "kubernetes"
        check(kubeconfig, config)
        assert api_server.asked == ["/version"]


@pytest.mark.parametrize("setting", ["certificate_authority", "certificate_authority_data"])
def test_an_unreadable_ca_certificate_is_reported(kubeconfig: Path, api_server: Web, setting: str) -> None:
    code, _ = error_of_context(kubeconfig, document(server=api_server.url, **{setting: "missing"}))
    assert code == "server-ca-unreadable"
    assert api_server.asked == []
