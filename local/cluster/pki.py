"""Certificates and keys of a cluster, issued if missing and reissued when they are no longer valid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kube.atomic_write import write_whole

AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)  # a hardware clock in local time is up to 14 hours ahead until it is corrected
# The exceptions that parsing a damaged file can raise.
_DAMAGED = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A leaf certificate: its user and groups, and the host names it is valid for as a server, if any."""

    file: str
    user: str
    groups: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    client: bool = True


class Authority:
    """A CA, stored in `directory` as <name>.crt and <name>.key. `made` reports whether it was created just now."""

    def __init__(self, directory: Path, name: str, now: datetime | None = None) -> None:
        self._directory = directory
        self._now = now or datetime.now(UTC)
        self.path = directory / f"{name}.crt"
        kept = _read(self.path)
        self.made = kept is None or not _signed_by(kept[0], kept[0]) or not _is_current(kept[0], self._now)
        if kept is not None and not self.made:
            self._certificate, self._key = kept
        else:
            self._certificate, self._key = self._make(name)

    def ensure(self, leaves: Sequence[Leaf]) -> list[str]:
        """Ensure every certificate. Return those issued, as they were missing, damaged, expiring or for other names."""
        issued: list[str] = []
        for leaf in leaves:
            kept = _read(self._directory / f"{leaf.file}.crt")
            if kept is None or not self._is_valid_for(kept[0], leaf):
                self._issue(leaf)
                issued.append(leaf.file)
        return issued

    def _is_valid_for(self, certificate: x509.Certificate, leaf: Leaf) -> bool:
        if not _signed_by(certificate, self._certificate):
            return False
        same_names = _alternative_names(certificate) == _wanted_names(leaf)
        return same_names and certificate.subject == _subject(leaf) and _is_current(certificate, self._now)

    def _make(self, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"synergychat {name}")])
        usage = _key_usage(signs_certificates=True)
        certificate = (
            self._builder(subject, subject, key, AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self.path, certificate, key)
        return certificate, key

    def _issue(self, leaf: Leaf) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH] if leaf.client else []
        uses += [ExtendedKeyUsageOID.SERVER_AUTH] if leaf.serves else []
        issuer = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            self._builder(_subject(leaf), self._certificate.subject, key, LEAF_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        )
        if leaf.serves:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in leaf.serves]), critical=False
            )
        _write(self._directory / f"{leaf.file}.crt", builder.sign(self._key, hashes.SHA256()), key)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _CLOCK_SKEW)
            .not_valid_after(self._now + life)
        )


def near_end(path: Path, now: datetime) -> datetime | None:
    """Return the end of a certificate that is to be renewed by now. None if its end is later, or without the file."""
    kept = _read(path)
    end = None if kept is None else kept[0].not_valid_after_utc
    return end if end is not None and now >= end - RENEW_BEFORE else None


def _is_current(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE


def ensure_signing_key(path: Path) -> None:
    """Ensure the key pair <path> and <path>.pub. It is never replaced, so that signed tokens stay valid."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, *_DAMAGED):
        key = ec.generate_private_key(ec.SECP256R1())
        write_whole(path, _pem(key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_whole(path.with_suffix(".pub"), public)


def _read(path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """Read a certificate and its key. None if a file is missing or damaged, or if the two do not match."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        key = serialization.load_pem_private_key(path.with_suffix(".key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            return None
    except (FileNotFoundError, *_DAMAGED):
        return None
    return certificate, key


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*_DAMAGED, InvalidSignature):
        return False
    return True


def _write(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    write_whole(path.with_suffix(".key"), _pem(key))
    write_whole(path, certificate.public_bytes(serialization.Encoding.PEM))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _subject(leaf: Leaf) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in leaf.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, leaf.user)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _wanted_names(leaf: Leaf) -> set[x509.GeneralName]:
    return {_general_name(name) for name in leaf.serves}


def _alternative_names(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return set()


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
