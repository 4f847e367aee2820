"""The keys of HTTPS: where a certificate comes from, and for which host names."""

from pydantic import Field

from config.base import Section
from config.values import HostnameOrWildcard, NodePort, Port, Subdomain


class CertificateConfig(Section):
    """One of the three."""

    self_signed: bool = Field(
        default=False,
        description="Whether the program makes the certificate, for the host names that the listener serves.",
    )
    secret: Subdomain | None = Field(
        default=None, description="Name of a Secret that has it, of `secrets` or there already."
    )
    issuer: Subdomain | None = Field(
        default=None,
        description="Name of who issues it by cert-manager: one of `issuers`, else a ClusterIssuer that is there.",
    )

    @property
    def is_given(self) -> bool:
        return self.self_signed or self.secret is not None or self.issuer is not None


class HttpsConfig(CertificateConfig):
    port: Port = Field(default=443, description="Port that serves it.")
    node_port: NodePort | None = Field(
        default=None, description="The port of every node that leads to it; needed with exposure NodePort, only there."
    )
    hosts: dict[HostnameOrWildcard, CertificateConfig] = Field(
        default={}, description="Host names with a certificate of their own."
    )
