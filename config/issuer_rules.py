"""Rules of issuers and of the listeners that refer to them."""

from collections.abc import Iterator

from config.certificates import CertificateConfig
from config.stack import StackConfig
from diagnostics import Problem, problem, suggest
from gatewayapi.hostnames import is_wildcard


def rules(stack: StackConfig) -> Iterator[Problem]:
    """Problems of issuers, and of listeners whose issuer cannot sign for them."""
    yield from _types(stack)
    yield from _unknown(stack)
    yield from _wildcards(stack)


def _types(stack: StackConfig) -> Iterator[Problem]:
    for issuer in stack.issuers.values():
        own = {"selfSignedCa": issuer.self_signed_ca, "acme": issuer.acme}
        types = [key for key, value in {**own, **issuer.fields}.items() if value not in (None, False)]
        if not types:
            yield problem("issuer-type-required", issuer.at())
        for other in types[1:]:
            yield problem("keys-exclusive", issuer.at(other), other=types[0])


def _unknown(stack: StackConfig) -> Iterator[Problem]:
    """Names of issuers that do not exist, when the stack installs cert-manager and so declares all of them."""
    if not stack.cert_manager.install:
        return
    cluster_issuers = [declared.metadata.name for declared in stack.objects if declared.kind == "ClusterIssuer"]
    known = [*stack.issuers, *cluster_issuers]
    for certificate, _ in _certificates(stack):
        if certificate.issuer not in known:
            suggestion = suggest(certificate.issuer, known) or "add it to `issuers`"
            yield problem("issuer-unknown", certificate.at("issuer"), certificate.issuer, suggestion=suggestion)


def _wildcards(stack: StackConfig) -> Iterator[Problem]:
    """Wildcards that an ACME authority would have to verify over HTTP-01, which checks single hosts.

    https://cert-manager.io/docs/configuration/acme/http01/
    """
    for certificate, host in _certificates(stack):
        issuer = stack.issuers.get(certificate.issuer or "")
        acme = issuer.acme if issuer else None
        if acme is not None and not acme.fields.get("solvers") and is_wildcard(host):
            yield problem(
                "acme-wildcard", certificate.at("issuer"), certificate.issuer, host=host, issuer=certificate.issuer
            )


def _certificates(stack: StackConfig) -> Iterator[tuple[CertificateConfig, str]]:
    """Everything that names an issuer, with the host name that it asks for; empty for the hosts of routes."""
    for gateway in stack.all_gateways.values():
        https = gateway.https
        found: list[tuple[CertificateConfig, str]] = [(https, "")] if https else []
        found += [(certificate, host) for host, certificate in https.hosts.items()] if https else []
        found += [(listener, listener.hostname) for listener in gateway.listeners]
        yield from ((certificate, host) for certificate, host in found if certificate.issuer is not None)
