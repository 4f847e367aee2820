"""EnvoyGateway: the controller, installed object by object from its release's manifest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi

from components.platform import release, sources
from components.platform.customize import customize
from components.platform.release import Release, prepare
from components.platform.sources import ManifestError, Product, manifest_source
from config import EnvoyGatewayConfig
from diagnostics.exit import stop
from kube.manifest import Manifest, identity
from kube.readiness import timeouts
from kube.resource import KubernetesObject
from releases import ENVOY_GATEWAY_MANIFEST, ENVOY_GATEWAY_SHA256, line_of

ENVOY_GATEWAY = Product(
    name="Envoy Gateway",
    key="envoyGateway",
    url=ENVOY_GATEWAY_MANIFEST,
    known=ENVOY_GATEWAY_SHA256,
    chart_arguments=("eg",),
)


@dataclass(frozen=True, kw_only=True)
class EnvoyGatewayArgs:
    release: Release
    protect: bool = False
    """Whether Pulumi refuses to delete the namespace, the CRDs and what serves them. With a CRD all objects of its kind
    in the cluster are deleted."""
    timeout_s: int


class EnvoyGateway(pulumi.ComponentResource):
    """The CRDs of Gateway API and Envoy Gateway, and the running controller.

    Order: namespace -> RBAC, settings and Services -> the Job that creates certificates -> controller, which also waits
    for the CRDs. Destroy goes backwards, so that no CRD waits for an object's finalizer.
    """

    controller: pulumi.Resource
    """The controller's Deployment, the last object: resources that depend on it can use every kind of the release."""

    def __init__(self, name: str, args: EnvoyGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:EnvoyGateway", name, None, opts)

        self._timeout_s = args.timeout_s
        objects = args.release

        (namespace,) = self._register(name, [objects.namespace], [], protect=args.protect)
        crds = self._register(name, objects.crds, [], protect=args.protect)
        settings = self._register(name, objects.settings, [namespace])
        # A Job whose pod starts before its role is bound fails, and is retried only after ten seconds.
        jobs = self._register(name, objects.jobs, settings)
        (self.controller,) = self._register(name, [objects.controller], [*crds, *settings, *jobs], protect=args.protect)

        self.register_outputs({"namespace": objects.namespace["metadata"]["name"]})

    def _register(
        self, name: str, objects: Iterable[Manifest], after: Sequence[pulumi.Resource], *, protect: bool = False
    ) -> list[KubernetesObject]:
        return [
            KubernetesObject(
                f"{name}-{identity(manifest)}",
                prepare(manifest, self._timeout_s),
                pulumi.ResourceOptions(
                    parent=self,
                    depends_on=after,
                    protect=protect,
                    custom_timeouts=timeouts(self._timeout_s, kind=manifest["kind"]),
                ),
            )
            for manifest in objects
        ]


def load_envoy_gateway(settings: EnvoyGatewayConfig, *, installs: bool) -> Release:
    """The release that `settings` describe. Ends the program when it cannot be used, and warns past its end of life."""
    line = line_of(settings.version)
    if line is not None and datetime.now(UTC).date() > line.end_of_life:
        pulumi.log.warn(
            f"Envoy Gateway {settings.version} is past its end of life ({line.end_of_life}): "
            "set synergychat:envoyGateway.version to a newer release"
        )
    source = manifest_source(ENVOY_GATEWAY, settings)
    try:
        loaded = customize(release.load(source, sources.cache_directory(), installs=installs), settings)
    except ManifestError as error:
        stop(str(error))
    if warning := sources.other_than_released(source):
        pulumi.log.warn(warning)
    return loaded
