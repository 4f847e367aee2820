"""Keys of HTTPS: sources of certificates, and the host names that they are for."""

from pydantic import Field

from config.base import Section
from config.values import HostnameOrWildcard, NodePort, Port, Subdomain

SOURCES = ("selfSigned", "secret", "issuer")
"""Keys that set where a certificate comes from; a certificate has one of them."""


class CertificateConfig(Section):
    """The source of a certificate: one of the three keys."""

    self_signed: bool = Field(
        default=False, description="Let the program sign the certificate, for the host names that the listener serves."
    )
    secret: Subdomain | None = Field(
        default=None, description="Name of the Secret that holds it, from `secrets`, or of a Certificate in `objects`."
    )
    issuer: Subdomain | None = Field(
        default=None,
        description="Name of the cert-manager issuer that signs it: one of `issuers`, else a ClusterIssuer of the "
        "cluster.",
    )

    @property
    def sources(self) -> list[str]:
        """The keys of `SOURCES` that are set."""
        values = (self.self_signed, self.secret, self.issuer)
        return [key for key, value in zip(SOURCES, values, strict=True) if value]


class HttpsConfig(CertificateConfig):
    port: Port = Field(default=443, description="Port for HTTPS.")
    node_port: NodePort | None = Field(
        default=None, description="Port on every node; required with exposure NodePort, and only allowed there."
    )
    hosts: dict[HostnameOrWildcard, CertificateConfig] = Field(
        default={}, description="Host names with certificates of their own."
    )
