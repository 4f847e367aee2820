"""CertManager: cert-manager, installed object by object from its release's manifest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi

from components.platform.cert_manager_release import CERT_MANAGER, CertManagerRelease, load
from components.platform.release import prepare
from components.platform.sources import ManifestError, cache_directory, manifest_source, other_than_released
from config import CertManagerConfig
from diagnostics.exit import stop
from kube.manifest import Manifest, identity
from kube.readiness import timeouts
from kube.resource import KubernetesObject
from preview.recorder import config_source


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    release: CertManagerRelease
    protect: bool
    """Whether Pulumi refuses to delete the namespace, the CRDs and what serves them. With a CRD all objects of its kind
    in the cluster are deleted."""
    after: Sequence[pulumi.Resource]
    """Resources that install the kinds of Gateway API: the controller looks for them at start."""
    timeout_s: int


class CertManager(pulumi.ComponentResource):
    """cert-manager's CRDs and its running controllers, with Gateway API enabled.

    Order: namespace -> RBAC and Services -> Deployments, which also wait for the CRDs -> webhooks. Each object may take
    `timeout_s`. Follows https://cert-manager.io/docs/installation/kubectl/.
    """

    webhooks: Sequence[pulumi.Resource]
    """The last objects: resources that depend on them can use every kind of the release."""

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:CertManager", name, None, opts)

        self._timeout_s = args.timeout_s
        release = args.release

        (namespace,) = self._register(name, [release.namespace], [], protect=args.protect)
        crds = self._register(name, release.crds, [], protect=args.protect)
        settings = self._register(name, release.settings, [namespace])
        deployments = self._register(name, release.deployments, [*args.after, *crds, *settings], protect=args.protect)
        self.webhooks = self._register(name, release.webhooks, deployments)

        self.register_outputs({"namespace": release.namespace["metadata"]["name"]})

    def _register(
        self, name: str, objects: Iterable[Manifest], after: Sequence[pulumi.Resource], *, protect: bool = False
    ) -> list[KubernetesObject]:
        limits = timeouts(self._timeout_s)
        opts = pulumi.ResourceOptions(parent=self, depends_on=after, protect=protect, custom_timeouts=limits)
        with config_source(("certManager", "manifest")):
            return [
                KubernetesObject(f"{name}-{identity(manifest)}", prepare(manifest, self._timeout_s), opts)
                for manifest in objects
            ]


def load_cert_manager(settings: CertManagerConfig) -> CertManagerRelease | None:
    """The release that the stack installs, if any. Ends the program when it cannot be used."""
    if not settings.install:
        return None
    source = manifest_source(CERT_MANAGER, settings)
    try:
        loaded = load(source, cache_directory())
    except ManifestError as error:
        stop(str(error))
    if warning := other_than_released(source):
        pulumi.log.warn(warning)
    return loaded
