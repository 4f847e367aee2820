"""Platform: CRDs, controllers and GatewayClass for a stack's Gateways, installed by the stack or by others."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.platform.cert_manager import CertManager, CertManagerArgs, load_cert_manager
from components.platform.envoy_gateway import EnvoyGateway, EnvoyGatewayArgs, load_envoy_gateway
from components.platform.release import Release
from components.platform.requirements import check_external_platform
from components.platform.sources import ManifestError
from config import PlatformSettings
from diagnostics.exit import stop
from kube.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Platform:
    """CRDs, controllers and GatewayClass for a stack's Gateways, whoever installs them."""

    is_external: bool
    """Whether others installed the platform, including the GatewayClass."""
    release: Release
    """The release whose kinds exist."""
    namespace: str
    """Namespace of the controller and its Envoys."""
    crds: Sequence[Manifest]
    """The CRDs that objects are validated against."""
    resources: Sequence[pulumi.Resource]
    """Resources that objects of these kinds depend on; none on an external platform."""
    context: str
    class_name: str

    @property
    def version(self) -> str:
        """Release of Envoy Gateway."""
        return self.release.version

    def api_version(self, kind: str) -> str:
        """The apiVersion in which the release serves `kind`. Ends the program when it does not have it."""
        try:
            return self.release.api_version(kind)
        except ManifestError as error:
            stop(str(error))

    def check_requirements(self, declared: Sequence[Manifest]) -> None:
        """End the program when an external platform lacks something that the declared objects need."""
        if self.is_external:
            check_external_platform(self.release, self.namespace, self.class_name, self.context, declared)


def create_platform(name: str, settings: PlatformSettings, context: str, opts: pulumi.ResourceOptions) -> Platform:
    """Install Envoy Gateway as `name`, and cert-manager if the stack wants it; nothing on an external platform."""
    is_external = settings.ownership == "external"
    release = load_envoy_gateway(settings.envoy_gateway, installs=not is_external)
    cert_manager = load_cert_manager(settings.cert_manager)
    protect, timeout_s = settings.envoy_gateway.protect, settings.timeout_s
    resources: list[pulumi.Resource] = []
    if not is_external:
        args = EnvoyGatewayArgs(release=release, protect=protect, timeout_s=timeout_s)
        resources.append(EnvoyGateway(name, args, opts).controller)
    if cert_manager is not None:
        further = CertManagerArgs(release=cert_manager, after=resources, protect=protect, timeout_s=timeout_s)
        resources += CertManager("cert-manager", further, opts).webhooks
    return Platform(
        is_external=is_external,
        release=release,
        namespace=settings.envoy_gateway.namespace,
        crds=(*release.crds, *(cert_manager.crds if cert_manager else ())),
        resources=resources,
        context=context,
        class_name=settings.class_name,
    )
