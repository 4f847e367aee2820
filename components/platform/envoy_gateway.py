"""EnvoyGateway: the controller, installed object by object from its release's manifest."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi

from components.platform import release, sources
from components.platform.customize import tailored
from components.platform.release import Manifest, Object
from components.platform.sources import ManifestError
from config import EnvoyGatewayConfig
from config.values import Ownership
from diagnostics.exit import stop
from kube import readiness
from kube.resource import KubernetesObject
from preview.recorder import declared_by
from releases import CONFIG_KEY, RELEASE_LINES


@dataclass(frozen=True, kw_only=True)
class EnvoyGatewayArgs:
    manifest: Manifest
    protect: bool = False
    """Whether Pulumi refuses to delete the CRDs: with them go all objects of their kinds, whoever made them."""
    timeout_s: int


class EnvoyGateway(pulumi.ComponentResource):
    """Gateway API's and Envoy Gateway's CRDs, and the running controller.

    Order: namespace -> RBAC, settings and Services -> the Job that makes its certificates -> controller, which waits
    for the CRDs too. Destroying goes backwards, so that no CRD is left waiting for an object's finalizer.
    """

    controller: pulumi.Resource
    """The controller's Deployment. It comes last: what depends on it can use every kind of the release."""
    namespace: str

    def __init__(self, name: str, args: EnvoyGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:EnvoyGateway", name, None, opts)

        manifest = args.manifest

        (namespace,) = self._register(name, [manifest.namespace], [], args.timeout_s)
        crds = self._register(name, manifest.crds, [], args.timeout_s, protect=args.protect)
        settings = self._register(name, manifest.settings, [namespace], args.timeout_s)
        # A Job whose pod starts before its role is bound fails, and tries again only after ten seconds.
        jobs = self._register(name, manifest.jobs, settings, args.timeout_s)
        (controller,) = self._register(name, [manifest.controller], [*crds, *settings, *jobs], args.timeout_s)

        self.controller = controller
        self.namespace = manifest.namespace["metadata"]["name"]
        self.register_outputs({"namespace": self.namespace})

    def _register(
        self,
        name: str,
        objects: Iterable[Object],
        after: Sequence[pulumi.Resource],
        timeout_s: int,
        *,
        protect: bool = False,
    ) -> list[KubernetesObject]:
        limit = readiness.limit(timeout_s)
        opts = pulumi.ResourceOptions(parent=self, depends_on=after, protect=protect, custom_timeouts=limit)
        made: list[KubernetesObject] = []
        for wire in objects:
            with _place(wire):
                prepared = release.prepared(wire, timeout_s)
                made.append(KubernetesObject(f"{name}-{release.identity(wire)}", prepared, opts))
        return made


def _place(wire: Object) -> AbstractContextManager[None]:
    """What is wrong with the controller's configuration is wrong in the stack's config."""
    if release.is_configuration(wire):
        return declared_by("envoyGateway.config", {("data", CONFIG_KEY): ""})
    return nullcontext()


def load_release(source: EnvoyGatewayConfig, ownership: Ownership) -> Manifest:
    """The release that `source` names. Ends the program when it cannot be used; warns past the end of life."""
    end_of_life = RELEASE_LINES[source.version.rpartition(".")[0]]
    if datetime.now(UTC).date() > end_of_life:
        pulumi.log.warn(
            f"Envoy Gateway {source.version} gets no fixes since {end_of_life}: "
            "set synergychat:envoyGateway.version to a newer release"
        )
    try:
        return tailored(release.load(source, sources.cache_directory(), installs=ownership == "managed"), source)
    except ManifestError as error:
        stop(str(error))
