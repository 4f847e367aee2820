"""Certificates of listeners that Envoy cannot serve, or that clients refuse for a host name."""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from diagnostics import Path, Problem, listed, problem
from gatewayapi.hostnames import ANY, certified, is_wildcard
from gatewayapi.kinds import CORE, ISSUERS
from gatewayapi.listeners import Listener, own_listeners
from gatewayapi.references import Reference, reference, unresolved
from gatewayapi.topology import Topology
from kube.manifest import Manifest, namespace_of
from kube.read import NotKnown, items, read, skip_unknown

TLS_SECRET = "kubernetes.io/tls"  # noqa: S105 # a type
SDS_SECRET = "gateway.envoyproxy.io/sds"  # noqa: S105 # a type
"""Type of a Secret that only says where Envoy fetches the certificate."""


@skip_unknown
def unusable_certificates(topology: Topology, owner: Manifest) -> Iterator[Problem]:
    """The problems of the certificates of a Gateway's or ListenerSet's own listeners."""
    annotated = any(read(owner, "metadata", "annotations", issuer) for issuer in ISSUERS)
    for listener in own_listeners(owner, owner):
        if annotated and _is_issued(listener):
            yield from _overwritten(topology, listener)
            continue
        for ref in _certificate_refs(listener):
            yield from _unusable(topology, listener, ref)
        if listener.hostname and not is_wildcard(listener.hostname):
            yield from _uncertified(topology, listener, listener.hostname, (*listener.path, "hostname"))


@skip_unknown
def uncertified_hosts(topology: Topology, route: Manifest) -> Iterator[Problem]:
    """Host names of a route that the certificate of a listener without a host name, or with a wildcard, leaves out."""
    for listener, hosts in topology.attached(route):
        own = listener.hostname
        for host in sorted({*hosts} - {ANY}) if not own or is_wildcard(own) else ():
            yield from _uncertified(topology, listener, host, ("spec", "hostnames"))


def _is_issued(listener: Listener) -> bool:
    """Whether cert-manager creates the Secrets of a listener whose Gateway has its annotation.

    https://cert-manager.io/docs/usage/gateway/
    """
    home = namespace_of(listener.owner)
    near = all(ref.target.namespace == home for ref in _certificate_refs(listener))
    return bool(listener.hostname) and listener.terminates_tls and near


@skip_unknown
def _overwritten(topology: Topology, listener: Listener) -> Iterator[Problem]:
    for ref in _certificate_refs(listener):
        if topology.objects.find(ref.target) is not None:
            yield problem("certificate-overwritten", (*ref.path, "name"), ref.target.name, secret=ref)


def _certificate_refs(listener: Listener) -> list[Reference]:
    return [
        reference(listener.owner, (*listener.path, *path), value, CORE, "Secret")
        for path, value in items(listener.manifest, "tls", "certificateRefs")
    ]


@skip_unknown
def _unusable(topology: Topology, listener: Listener, ref: Reference) -> Iterator[Problem]:
    if broken := unresolved(topology.objects, listener.owner, ref):
        yield broken
    elif (ref.target.group, ref.target.kind) == (CORE, "Secret"):
        yield from _unfit(ref, topology.objects.find(ref.target))


@skip_unknown
def _uncertified(topology: Topology, listener: Listener, host: str, place: Path) -> Iterator[Problem]:
    """The problem of a certificate without the host: Envoy Gateway serves it all the same, but clients refuse it."""
    refs = _certificate_refs(listener)
    if not refs or any(_unusable(topology, listener, ref) for ref in refs):
        return
    secrets = [topology.objects.find(ref.target) for ref in refs]
    names = [name for secret in secrets for name in _dns_names(_chain(secret)[0])]
    if not certified(host, names):
        of_secrets = listed([str(ref) for ref in refs])
        yield problem(
            "certificate-host", place, host, listener=listener, secrets=of_secrets, names=listed(names), host=host
        )


def _unfit(ref: Reference, secret: Manifest | None) -> Iterator[Problem]:
    """The reason why Envoy cannot serve the certificate of a Secret."""
    place, name = (*ref.path, "name"), ref.target.name
    if (kind := read(secret, "type", default="Opaque")) not in (TLS_SECRET, SDS_SECRET):
        yield problem("certificate-secret-type", place, name, secret=ref, type=kind, wanted=TLS_SECRET)
        return
    try:
        chain = _chain(secret)
        _dns_names(chain[0])
        key: Any = load_pem_private_key(secret_value(secret, "tls.key"), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        yield problem("certificate-not-pem", place, name, secret=ref)
        return
    now = datetime.now(UTC)
    for certificate in chain:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begins <= now <= ends:
            code, date = ("certificate-expired", ends) if now > ends else ("certificate-not-yet-valid", begins)
            yield problem(code, place, name, secret=ref, date=f"{date:%Y-%m-%d}")
            return
    if key.public_key() != chain[0].public_key():
        yield problem("certificate-key-mismatch", place, name, secret=ref)


def _chain(secret: Manifest | None) -> list[x509.Certificate]:
    if read(secret, "type") == SDS_SECRET:
        raise NotKnown
    return x509.load_pem_x509_certificates(secret_value(secret, "tls.crt"))


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def secret_value(secret: Manifest | None, key: str) -> bytes:
    """One value of a Secret. Raises ValueError when it has none."""
    if text := read(secret, "stringData", key):
        return text.encode()
    try:
        return base64.b64decode(read(secret, "data", key, default=""), validate=True)
    except binascii.Error as error:
        raise ValueError from error
