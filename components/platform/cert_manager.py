"""CertManager: cert-manager, installed object by object from its release's manifest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi

from components.platform import cert_manager_release, release, sources
from components.platform.cert_manager_release import CertManagerRelease
from components.platform.release import Object
from components.platform.sources import ManifestError
from config import CertManagerConfig
from diagnostics.exit import stop
from kube import readiness
from kube.resource import KubernetesObject
from preview.recorder import declared_by


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    release: CertManagerRelease
    protect: bool
    """Of the CRDs: with one of them goes every object of its kind in the cluster."""
    after: Sequence[pulumi.Resource]
    """What brings the kinds of the Gateway API: its controller looks for them when it starts."""
    timeout_s: int


class CertManager(pulumi.ComponentResource):
    """cert-manager's CRDs, and its running controllers, which know the Gateway API.

    Order: namespace -> RBAC and Services -> its Deployments, which wait for the CRDs too -> its webhooks. Each object
    may take `timeout_s`. Follows https://cert-manager.io/docs/installation/kubectl/.
    """

    webhooks: Sequence[pulumi.Resource]
    """They come last: what depends on them can use every kind of the release."""

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:CertManager", name, None, opts)

        self._timeout_s = args.timeout_s
        release = args.release

        (namespace,) = self._register(name, [release.namespace], [])
        crds = self._register(name, release.crds, [], protect=args.protect)
        settings = self._register(name, release.settings, [namespace])
        deployments = self._register(name, release.deployments, [*args.after, *crds, *settings])
        self.webhooks = self._register(name, release.webhooks, deployments)

        self.register_outputs({"namespace": release.namespace["metadata"]["name"]})

    def _register(
        self, name: str, objects: Iterable[Object], after: Sequence[pulumi.Resource], *, protect: bool = False
    ) -> list[KubernetesObject]:
        limit = readiness.limit(self._timeout_s)
        opts = pulumi.ResourceOptions(parent=self, depends_on=after, protect=protect, custom_timeouts=limit)
        with declared_by("certManager.manifest", {}):
            return [
                KubernetesObject(f"{name}-{release.identity(wire)}", release.prepared(wire, self._timeout_s), opts)
                for wire in objects
            ]


def release_of_cert_manager(source: CertManagerConfig) -> CertManagerRelease | None:
    """The release that the stack installs, if it does. Ends the program when it cannot be used."""
    if not source.install:
        return None
    try:
        return cert_manager_release.load(source, sources.cache_directory())
    except ManifestError as error:
        stop(str(error))
