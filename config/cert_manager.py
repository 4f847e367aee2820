"""Keys of cert-manager and of the issuers that sign certificates for listeners."""

from pydantic import Field

from config.base import OpenSection, Section
from config.values import Label, Sha256, Text, ThreePartVersion


class CertManagerConfig(Section):
    install: bool = Field(
        default=False, description="Install cert-manager. Not needed on a cluster that already has it."
    )
    version: ThreePartVersion = Field(default="1.21.2", description="Release of cert-manager to install.")
    manifest: Text | None = Field(
        default=None,
        description="Source of its objects, as for `envoyGateway`. Default: the release's own cert-manager.yaml.",
    )
    sha256: tuple[Sha256, ...] = Field(
        default=(), description="SHA-256 checksums to accept for the manifest, as for `envoyGateway`."
    )
    namespace: Label = Field(default="cert-manager", description="Namespace of cert-manager.")


class AcmeConfig(OpenSection):
    """An ACME account, as in https://cert-manager.io/docs/configuration/acme/."""

    server: Text = Field(description="Directory URL of the certificate authority.")
    email: Text | None = Field(default=None, description="Address for notices about expiring certificates.")


class IssuerConfig(OpenSection):
    """The spec of an Issuer, as in https://cert-manager.io/docs/configuration/. It has one type."""

    self_signed_ca: bool = Field(
        default=False,
        description="Sign with a certificate authority of its own, which clients do not trust by default.",
    )
    acme: AcmeConfig | None = Field(
        default=None,
        description="An ACME certificate authority. HTTP-01 challenges go through the stack's Gateways unless "
        "`solvers` "
        "says otherwise.",
    )
