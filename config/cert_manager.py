"""The keys of cert-manager, and of the issuer that signs the listeners' certificates."""

from pydantic import Field

from config.section import OpenSection, Section
from config.values import Issuer, Label, Sha256, Text, ThreePartVersion
from releases import CERT_MANAGER_MANIFEST


class AcmeConfig(OpenSection):
    """An ACME issuer, as https://cert-manager.io/docs/configuration/acme/ has it."""

    server: Text = Field(description="Directory URL of the authority.")
    email: Text | None = Field(default=None, description="Whom the authority tells of certificates that end.")


class CertManagerConfig(Section):
    issuer: Issuer = Field(
        default="none",
        description="Who signs the certificates that listeners name in `certificateRefs`: an authority of the stack's "
        "own, which no client trusts by itself, or one that speaks ACME. With none, the stack has no cert-manager.",
    )
    acme: AcmeConfig | None = Field(
        default=None,
        description="The authority of issuer acme. Its challenges are answered by HTTP-01 through the Gateway, unless "
        "`solvers` says otherwise.",
    )
    already_there: bool = Field(
        default=False,
        description="Whether the cluster has cert-manager, with the Gateway API enabled: then only the issuer is made.",
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
