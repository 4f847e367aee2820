"""Manifests of cert-manager's Issuers and Certificates, each ready when cert-manager reports it."""

from collections.abc import Mapping
from typing import Literal

from gatewayapi.kinds import CERT_MANAGER, GATEWAY_API, READY_WHEN
from kube.labels import metadata
from kube.manifest import Manifest
from kube.merge import merge
from kube.readiness import condition_true, wait_for

_APP = "gateway"
_AUTHORITY_LIFETIME = "87600h"
"""Lifetime of an authority's certificate: ten years."""


def issuer(*, name: str, namespace: str, spec: Manifest) -> Manifest:
    """An Issuer: https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Issuer."""
    return _manifest("Issuer", name, namespace, spec)


def self_signed_ca(*, name: str, namespace: str) -> list[Manifest]:
    """An Issuer `name` with a certificate authority of its own, in the order in which the objects need each other.

    https://cert-manager.io/docs/configuration/selfsigned/#bootstrapping-ca-issuers
    """
    authority, first = f"{name}-authority", f"{name}-self-signed"
    # Clients get its certificate by hand: a new key, or an early expiry, would break their trust.
    lasting = {"duration": _AUTHORITY_LIFETIME, "privateKey": {"rotationPolicy": "Never"}}
    root = merge({"isCA": True, "commonName": name, "secretName": authority} | _signed_by("Issuer", first), lasting)
    return [
        issuer(name=first, namespace=namespace, spec={"selfSigned": {}}),
        _manifest("Certificate", authority, namespace, root),
        issuer(name=name, namespace=namespace, spec={"ca": {"secretName": authority}}),
    ]


def acme(*, issuer: str, listeners: Mapping[str, str], fields: Manifest) -> Manifest:
    """The field `acme` of an Issuer's spec: `fields` merged over an account key and a solver.

    HTTP-01 challenges come through one listener of every Gateway, by the Gateway's name, as nobody knows which of them
    a host name resolves to.
    https://cert-manager.io/docs/configuration/acme/http01/#configuring-the-http-01-gateway-api-solver
    """
    parents = [
        {"group": GATEWAY_API, "kind": "Gateway", "name": gateway, "sectionName": listener}
        for gateway, listener in listeners.items()
    ]
    solver = {"http01": {"gatewayHTTPRoute": {"parentRefs": parents}}}
    account: Manifest = {"privateKeySecretRef": {"name": f"{issuer}-acme-account"}, "solvers": [solver]}
    return merge(account, fields)


def certificate(
    *, name: str, namespace: str, issuer: str, issuer_kind: Literal["Issuer", "ClusterIssuer"], hostname: str
) -> Manifest:
    """A Certificate for a host name, in the Secret of the same name, renewed before it expires.

    https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
    """
    spec = {"secretName": name, "dnsNames": [hostname], **_signed_by(issuer_kind, issuer)}
    return _manifest("Certificate", name, namespace, spec)


def _signed_by(kind: str, issuer: str) -> Manifest:
    return {
        "issuerRef": {"group": CERT_MANAGER, "kind": kind, "name": issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256},
    }


def _manifest(kind: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    ready = wait_for(*condition_true(*READY_WHEN[kind]))
    described = metadata(_APP, name, namespace=namespace, annotations=ready)
    return {"apiVersion": f"{CERT_MANAGER}/v1", "kind": kind, "metadata": described, "spec": spec}
