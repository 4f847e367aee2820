"""Keys of the gateway's controller."""

from pydantic import Field

from config.base import Fields, Section
from config.values import Image, Label, Pods, Registry, Sha256, Text, Version
from releases import NEWEST


class EnvoyGatewayConfig(Section):
    version: Version = Field(default=NEWEST, description="Release of Envoy Gateway to install.")
    manifest: Text | None = Field(
        default=None,
        description="Source of its objects: a URL, a file, or the directory of its Helm chart, which is rendered with "
        "the `helm` on the PATH. Default: the release's own install.yaml.",
    )
    sha256: tuple[Sha256, ...] = Field(
        default=(),
        description="SHA-256 checksums to accept for the manifest instead of the release's own. Needed only for a "
        "download whose checksum the program does not know. Local files and charts are checked only if the list is "
        "not empty. Several, such as that of the release and of a manifest of your own.",
    )
    namespace: Label = Field(
        default="envoy-gateway-system", description="Namespace of the controller and of its Envoys."
    )
    replicas: Pods = Field(
        default=1,
        description="Number of controller pods. One is the leader; the others keep the Envoys configured and take "
        "over.",
    )
    resources: Fields = Field(default={}, description="`requests` and `limits` of each pod, merged over the release's.")
    registry: Registry | None = Field(
        default=None, description="Registry for all images of the release instead of docker.io: host[:port][/path]."
    )
    image: Image | None = Field(
        default=None,
        description="Image of the controller, of the Job that creates its certificates and of the Envoys' shutdown "
        "manager. Default: the release's.",
    )
    rate_limit_image: Image | None = Field(
        default=None, description="Image of the global rate limit service. Default: the release's."
    )
    config: Fields = Field(
        default={},
        description="Fields of the controller's own configuration, merged over the release's: `extensionApis`, "
        "`logging`, `rateLimit`. A change restarts the controller.",
    )
    protect: bool = Field(
        default=False,
        description="Make Pulumi refuse to delete the CRDs, and the controllers with their namespaces, including those "
        "of `certManager`. With the CRDs the cluster would lose every Gateway, route and Certificate.",
    )
