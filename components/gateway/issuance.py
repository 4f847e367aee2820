"""Issuers and Certificates of cert-manager in wire form; each counts as ready when cert-manager says so."""

from collections.abc import Mapping
from typing import Literal

from components.gateway.manifests import Wire
from gatewayapi.kinds import CERT_MANAGER, GATEWAY_API, READY_WHEN
from kube import readiness
from kube.labels import metadata
from kube.merge import overlaid

_APP = "gateway"
_AUTHORITY_LASTS = "87600h"
"""Ten years."""


def issuer(*, name: str, namespace: str, spec: Wire) -> Wire:
    """https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Issuer"""
    return _wire("Issuer", name, namespace, spec)


def self_signed_ca(*, name: str, namespace: str) -> list[Wire]:
    """An Issuer `name` with an authority of its own, in the order in which its parts need each other.

    https://cert-manager.io/docs/configuration/selfsigned/#bootstrapping-ca-issuers
    """
    authority, first = f"{name}-authority", f"{name}-self-signed"
    # Clients are given its certificate by hand: a new key, or an early end, would be the end of their trust.
    lasting = {"duration": _AUTHORITY_LASTS, "privateKey": {"rotationPolicy": "Never"}}
    root = overlaid({"isCA": True, "commonName": name, "secretName": authority} | _signed_by("Issuer", first), lasting)
    return [
        issuer(name=first, namespace=namespace, spec={"selfSigned": {}}),
        _wire("Certificate", authority, namespace, root),
        issuer(name=name, namespace=namespace, spec={"ca": {"secretName": authority}}),
    ]


def acme(*, issuer: str, gateways: Mapping[str, str], fields: Wire) -> Wire:
    """The `acme` of an Issuer's spec, with its `fields` laid over an account's key and a solver.

    HTTP-01 comes through listeners of the Gateways, each by its Gateway's name: to which of them a host name leads is
    not asked.
    https://cert-manager.io/docs/configuration/acme/http01/#configuring-the-http-01-gateway-api-solver
    """
    parents = [
        {"group": GATEWAY_API, "kind": "Gateway", "name": gateway, "sectionName": listener}
        for gateway, listener in gateways.items()
    ]
    solver = {"http01": {"gatewayHTTPRoute": {"parentRefs": parents}}}
    account: Wire = {"privateKeySecretRef": {"name": f"{issuer}-acme-account"}, "solvers": [solver]}
    return overlaid(account, fields)


def certificate(
    *, name: str, namespace: str, issuer: str, issuer_kind: Literal["Issuer", "ClusterIssuer"], hostname: str
) -> Wire:
    """A certificate for a host in the Secret of its name, renewed before it ends.

    https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
    """
    spec = {"secretName": name, "dnsNames": [hostname], **_signed_by(issuer_kind, issuer)}
    return _wire("Certificate", name, namespace, spec)


def _signed_by(kind: str, issuer: str) -> Wire:
    return {
        "issuerRef": {"group": CERT_MANAGER, "kind": kind, "name": issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256},
    }


def _wire(kind: str, name: str, namespace: str, spec: Wire) -> Wire:
    described = metadata(
        _APP, name, namespace=namespace, annotations=readiness.until(*readiness.holds(*READY_WHEN[kind]))
    )
    return {"apiVersion": f"{CERT_MANAGER}/v1", "kind": kind, "metadata": described, "spec": spec}
