"""Issuers and Certificates of cert-manager in wire form; each counts as ready when cert-manager says so."""

from collections.abc import Sequence

from components import waiting
from components.gateway_api import Wire
from components.labels import metadata
from components.overlay import overlaid
from config import AcmeConfig, GatewayConfig
from kinds import CERT_MANAGER, GATEWAY_API, READY_WHEN

_APP = "gateway"


def own_authority(name: str, namespace: str) -> list[Wire]:
    """An Issuer `name` with an authority of its own, in the order in which its parts need each other.

    https://cert-manager.io/docs/configuration/selfsigned/#bootstrapping-ca-issuers
    """
    authority, first = f"{name}-authority", f"{name}-self-signed"
    root = {"isCA": True, "commonName": authority, "secretName": authority, **_signed_by(first)}
    return [
        _wire("Issuer", first, namespace, {"selfSigned": {}}),
        _wire("Certificate", authority, namespace, root),
        _wire("Issuer", name, namespace, {"ca": {"secretName": authority}}),
    ]


def acme(name: str, namespace: str, settings: AcmeConfig, gateway: GatewayConfig) -> Wire:
    """An Issuer `name` that has certificates of an ACME authority; HTTP-01 comes through the listener for HTTP.

    https://cert-manager.io/docs/configuration/acme/http01/#configuring-the-http-01-gateway-api-solver
    """
    parent = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name, "sectionName": gateway.listener}
    solver = {"http01": {"gatewayHTTPRoute": {"parentRefs": [parent]}}}
    account: Wire = {"privateKeySecretRef": {"name": f"{name}-acme-account"}, "solvers": [solver]}
    given = {**settings.fields, "server": settings.server, **({"email": settings.email} if settings.email else {})}
    return _wire("Issuer", name, namespace, {"acme": overlaid(account, given)})


def certificate(name: str, namespace: str, issuer: str, hostnames: Sequence[str]) -> Wire:
    """A certificate for these hosts in the Secret `name`, renewed before it ends."""
    return _wire("Certificate", name, namespace, {"secretName": name, "dnsNames": [*hostnames], **_signed_by(issuer)})


def _signed_by(issuer: str) -> Wire:
    return {
        "issuerRef": {"name": issuer, "kind": "Issuer", "group": CERT_MANAGER},
        "privateKey": {"algorithm": "ECDSA", "size": 256},
    }


def _wire(kind: str, name: str, namespace: str, spec: Wire) -> Wire:
    described = metadata(_APP, name, namespace=namespace, annotations=waiting.until(*waiting.holds(*READY_WHEN[kind])))
    return {"apiVersion": f"{CERT_MANAGER}/v1", "kind": kind, "metadata": described, "spec": spec}
