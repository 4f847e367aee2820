"""A certificate that the program signs itself, for stacks whose readers are its makers."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pulumi
import pulumi_kubernetes as k8s
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kube.labels import metadata
from kube.namespace import Namespace

_PERIOD = timedelta(days=60)
_LIFETIME = timedelta(days=180)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A Secret of type kubernetes.io/tls, by name, and the resource that what serves it depends on."""

    secret: str
    resource: pulumi.Resource


def self_signed(
    app: str, name: str, hostnames: Sequence[str], namespace: Namespace, opts: pulumi.ResourceOptions
) -> Certificate:
    """A Secret `<name>-<digest of period and host names>` with a pair for `hostnames`.

    Every run makes a pair; all but the first leave the one that is there. After sixty days, or with other host names,
    it has another name: the new one is there before the Gateway turns to it, and the old one goes after that. A pair is
    valid for three periods, so that an `up` every four months is enough.
    """
    start = datetime.fromtimestamp(0, UTC) + _PERIOD * ((datetime.now(UTC) - datetime.fromtimestamp(0, UTC)) // _PERIOD)
    suffix = hashlib.sha256(f"{start:%F} {' '.join(sorted(hostnames))}".encode()).hexdigest()[:8]
    pair = make_pair(hostnames, start)
    content = {"tls.crt": pair.certificate, "tls.key": pair.key}
    secret = k8s.core.v1.Secret(
        f"{name}-{suffix}",
        metadata=metadata(app, f"{name}-{suffix}", namespace=namespace.name),
        type="kubernetes.io/tls",
        data={key: pulumi.Output.secret(base64.b64encode(value).decode()) for key, value in content.items()},
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[namespace.resource], ignore_changes=["data"])
        ),
    )
    return Certificate(secret=f"{name}-{suffix}", resource=secret)


def make_pair(hostnames: Sequence[str], start: datetime) -> Pair:
    """A new pair for `hostnames`, wildcards among them, valid from a day before `start`."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A common name holds 64 characters; clients look at the alternative names only.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "self-signed by synergychat")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_names(hostnames)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    return Pair(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
    )


def _names(hostnames: Sequence[str]) -> list[x509.DNSName]:
    # What is no host name has yet to be refused, by the checks on the routes that name it.
    return [x509.DNSName(each) for each in hostnames if each.isascii()]
