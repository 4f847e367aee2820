"""The keys of the gateway's controller."""

from pydantic import Field

from config.base import Fields, Section
from config.values import Image, Label, Pods, Registry, Sha256, Text, Version
from releases import ENVOY_GATEWAY_MANIFEST


class EnvoyGatewayConfig(Section):
    version: Version = Field(default="1.9.1", description="Release of Envoy Gateway to install.")
    manifest: Text | None = Field(
        default=None,
        description="Where its objects come from: a URL, a file, or the directory of its Helm chart (rendered with the "
        "`helm` on the PATH). Not set: the release's own install.yaml.",
    )
    sha256: tuple[Sha256, ...] = Field(
        default=(),
        description="Accepted SHA-256 sums of that manifest. A download must match one of them; a file or a chart must "
        "where any is given. More than one, because the same release can be had as different bytes: downloaded, or "
        "rendered from its chart where its host cannot be reached.",
    )
    namespace: Label = Field(
        default="envoy-gateway-system", description="Namespace of the controller and of its Envoys."
    )
    replicas: Pods = Field(
        default=1, description="Number of its pods: one leads, the others keep the Envoys configured and take over."
    )
    resources: Fields = Field(
        default={}, description="Resources of each pod, `requests` and `limits`, laid over the release's."
    )
    registry: Registry | None = Field(
        default=None,
        description="Where all images of the release come from, in the place of docker.io: a host, maybe with a path.",
    )
    image: Image | None = Field(
        default=None,
        description="Image of the controller, of the Job that makes its certificates and of the Envoys' shutdown "
        "manager. Not set: the release's.",
    )
    rate_limit_image: Image | None = Field(
        default=None, description="Image of the service behind global rate limits. Not set: the release's."
    )
    config: Fields = Field(
        default={},
        description="Fields of the controller's own configuration, laid over the release's: `extensionApis`, "
        "`logging`, `rateLimit`. Another value restarts the controller.",
    )
    protect: bool = Field(
        default=False,
        description="Whether Pulumi refuses to delete the CRDs, those of `certManager` too, and with them every "
        "Gateway, route and Certificate of the cluster.",
    )

    @property
    def product(self) -> str:
        return "Envoy Gateway"

    @property
    def key(self) -> str:
        return "envoyGateway"

    @property
    def release(self) -> str:
        return ENVOY_GATEWAY_MANIFEST.format(version=self.version)

    @property
    def chart_arguments(self) -> tuple[str, ...]:
        return ("eg",)
