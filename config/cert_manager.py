"""The keys of cert-manager, and of the issuers that sign certificates for the listeners."""

from pydantic import Field

from config.base import OpenSection, Section
from config.values import Label, Sha256, Text, ThreePartVersion
from releases import CERT_MANAGER_MANIFEST


class CertManagerConfig(Section):
    install: bool = Field(
        default=False, description="Whether the stack installs it. Not needed where the cluster has it."
    )
    version: ThreePartVersion = Field(default="1.21.2", description="Release of cert-manager to install.")
    manifest: Text | None = Field(
        default=None,
        description="Where its objects come from, as for `envoyGateway`. Not set: the release's own cert-manager.yaml.",
    )
    sha256: tuple[Sha256, ...] = Field(
        default=(), description="Accepted SHA-256 sums of that manifest. A download must match one of them."
    )
    namespace: Label = Field(default="cert-manager", description="Namespace of cert-manager.")

    @property
    def product(self) -> str:
        return "cert-manager"

    @property
    def key(self) -> str:
        return "certManager"

    @property
    def release(self) -> str:
        return CERT_MANAGER_MANIFEST.format(version=self.version)

    @property
    def chart_arguments(self) -> tuple[str, ...]:
        return "cert-manager", "--set=crds.enabled=true,startupapicheck.enabled=false"


class AcmeConfig(OpenSection):
    """An account with an authority that speaks ACME, as https://cert-manager.io/docs/configuration/acme/ has it."""

    server: Text = Field(description="Directory URL of the authority.")
    email: Text | None = Field(default=None, description="Whom the authority tells of certificates that end.")


class IssuerConfig(OpenSection):
    """The spec of an Issuer, as https://cert-manager.io/docs/configuration/ has it: one way to sign."""

    self_signed_ca: bool = Field(
        default=False,
        description="Whether it signs with an authority of its own, which no client trusts by itself.",
    )
    acme: AcmeConfig | None = Field(
        default=None,
        description="An authority that speaks ACME. HTTP-01 is answered through the stack's Gateways, unless "
        "`solvers` says otherwise.",
    )
