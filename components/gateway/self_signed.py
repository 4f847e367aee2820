"""Self-signed certificates, for stacks that only their developers use."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pulumi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kube.labels import metadata
from kube.manifest import Manifest
from kube.namespace import Namespace
from kube.resource import KubernetesObject

_PERIOD = timedelta(days=60)
_LIFETIME = timedelta(days=180)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A Secret of type kubernetes.io/tls by name, and the resource that a listener with it depends on."""

    secret: str
    resource: pulumi.Resource


def create_self_signed(
    app: str, name: str, hostnames: Sequence[str], namespace: Namespace, opts: pulumi.ResourceOptions
) -> Certificate:
    """Create a Secret `<name>-<digest of period and host names>` with a certificate for `hostnames` and its key.

    Every run makes a pair, but only the first one is stored. After sixty days, or with other host names, the name
    changes: the new Secret exists before the Gateway uses it, and the old one is deleted after that. A certificate is
    valid for three periods, so an `up` every four months is enough.
    """
    start = datetime.fromtimestamp(0, UTC) + _PERIOD * ((datetime.now(UTC) - datetime.fromtimestamp(0, UTC)) // _PERIOD)
    suffix = hashlib.sha256(f"{start:%F} {' '.join(sorted(hostnames))}".encode()).hexdigest()[:8]
    pair = make_pair(hostnames, start)
    content = {"tls.crt": pair.certificate, "tls.key": pair.key}
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(app, f"{name}-{suffix}", namespace=namespace.name),
        "type": "kubernetes.io/tls",
        "data": {key: pulumi.Output.secret(base64.b64encode(value).decode()) for key, value in content.items()},
    }
    own = pulumi.ResourceOptions(depends_on=[namespace.resource], ignore_changes=["data"])
    secret = KubernetesObject(f"{name}-{suffix}", manifest, pulumi.ResourceOptions.merge(opts, own))
    return Certificate(secret=f"{name}-{suffix}", resource=secret)


def make_pair(hostnames: Sequence[str], start: datetime) -> Pair:
    """A new pair for `hostnames`, which may have wildcards, valid from a day before `start`."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A common name holds 64 characters; clients look only at the alternative names.
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
    # The checks refuse an invalid host name at the route that has it.
    return [x509.DNSName(hostname) for hostname in hostnames if hostname.isascii()]
