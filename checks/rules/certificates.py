"""Certificates of listeners: that each can be served, and that one of them is for each host name that is served."""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from diagnostics.problem import Mistake, Path
from diagnostics.suggest import listed
from gatewayapi.attachment import attachments
from gatewayapi.hostnames import ANY, certified
from gatewayapi.kinds import ISSUERS
from gatewayapi.listeners import Listener, own
from gatewayapi.objects import CORE, Stack, Wire, namespace_of
from gatewayapi.references import Reference, reference, unresolved
from kube.read import NotKnown, items, judged, read

TLS_SECRET = "kubernetes.io/tls"  # noqa: S105 # a type
SERVED_BY_OTHERS = "gateway.envoyproxy.io/sds"
"""Of a Secret that only says where Envoy gets the certificate."""


@judged
def mistakes(stack: Stack, owner: Wire) -> Iterator[Mistake]:
    annotated = any(read(owner, "metadata", "annotations", issuer) for issuer in ISSUERS)
    for listener in own(owner):
        if annotated and _is_issued(listener):
            yield from _written_over(stack, listener)
            continue
        for ref in _references(listener):
            yield from _of_reference(stack, listener, ref)
        if listener.hostname and not _is_wildcard(listener.hostname):
            yield from _of_host(stack, listener, listener.hostname, (*listener.path, "hostname"))


def _is_issued(listener: Listener) -> bool:
    """Whether cert-manager makes the Secrets of a listener whose Gateway has its annotation.

    https://cert-manager.io/docs/usage/gateway/
    """
    home = namespace_of(listener.owner)
    return bool(listener.hostname) and listener.ends_tls and all(ref.namespace == home for ref in _references(listener))


@judged
def _written_over(stack: Stack, listener: Listener) -> Iterator[Mistake]:
    """What cert-manager issues it puts in place of what is there."""
    for secret in _references(listener):
        if stack.find(CORE, "Secret", secret.namespace, secret.name) is not None:
            yield Mistake(
                path=(*secret.path, "name"),
                value=secret.name,
                rule=f"cert-manager would write over {secret}: by its annotation it issues for this listener too",
                cure="take the annotation out, and give an issuer to each of the listeners that want one",
            )


@judged
def of_route(stack: Stack, route: Wire) -> Iterator[Mistake]:
    """Hosts that a listener serves where it has none of its own, or a wildcard: what the routes leave is not served."""
    for each in attachments(stack, route):
        own_host = each.listener.hostname
        for host in sorted(each.hosts - {ANY}) if not own_host or _is_wildcard(own_host) else ():
            yield from _of_host(stack, each.listener, host, ("spec", "hostnames"))


def _is_wildcard(host: str) -> bool:
    return host.startswith("*.")


def _references(listener: Listener) -> list[Reference]:
    return [
        reference(listener.owner, (*listener.path, *path), ref, CORE, "Secret")
        for path, ref in items(listener.wire, "tls", "certificateRefs")
    ]


@judged
def _of_reference(stack: Stack, listener: Listener, ref: Reference) -> Iterator[Mistake]:
    if broken := unresolved(stack, listener.owner, ref):
        yield broken
    elif (ref.group, ref.kind) == (CORE, "Secret"):
        rule, cure = _unfit(stack.find(CORE, "Secret", ref.namespace, ref.name))
        if rule:
            yield Mistake(path=(*ref.path, "name"), value=ref.name, rule=f"{ref} {rule}", cure=cure)


@judged
def _of_host(stack: Stack, listener: Listener, host: str, place: Path) -> Iterator[Mistake]:
    """Envoy Gateway serves such a certificate all the same; it is the client that refuses it."""
    refs = _references(listener)
    if not refs or any(_of_reference(stack, listener, ref) for ref in refs):
        return
    names = [name for ref in refs for name in _names(_chain(stack.find(CORE, "Secret", ref.namespace, ref.name))[0])]
    if not certified(host, names):
        secrets, hosts = listed([str(ref) for ref in refs]), f"{listed(names)} only" if names else "no host"
        yield Mistake(
            path=place,
            value=host,
            rule=f"{listener} shows the certificate of {secrets}, which is for {hosts}",
            cure="issue one for this host name",
        )


def _unfit(secret: Wire | None) -> tuple[str, str]:
    """What keeps Envoy from serving the certificate of a Secret, and its cure; empty when nothing does."""
    if (kind := read(secret, "type", default="Opaque")) not in (TLS_SECRET, SERVED_BY_OTHERS):
        return f"has type {kind}", f"only {TLS_SECRET} can be served"
    try:
        chain = _chain(secret)
        key: Any = load_pem_private_key(_value(secret, "tls.key"), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "has no PEM certificate in tls.crt with a PEM key in tls.key", "put both into it"
    now = datetime.now(UTC)
    for certificate in chain:
        if now > certificate.not_valid_after_utc:
            return f"has a certificate that ended on {certificate.not_valid_after_utc:%Y-%m-%d}", "renew it"
        if now < certificate.not_valid_before_utc:
            return f"has a certificate that begins on {certificate.not_valid_before_utc:%Y-%m-%d}", "issue it anew"
    if key.public_key() != chain[0].public_key():
        return "has a tls.key that is not of its tls.crt", "put the two of one issue into it"
    return "", ""


def _chain(secret: Wire | None) -> list[x509.Certificate]:
    if read(secret, "type") == SERVED_BY_OTHERS:
        raise NotKnown
    return x509.load_pem_x509_certificates(_value(secret, "tls.crt"))


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def _value(secret: Wire | None, key: str) -> bytes:
    """A value of a Secret; ValueError when it has none."""
    if text := read(secret, "stringData", key):
        return text.encode()
    try:
        return base64.b64decode(read(secret, "data", key, default=""), validate=True)
    except binascii.Error as error:
        raise ValueError from error
