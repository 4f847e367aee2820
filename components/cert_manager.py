"""CertManager: cert-manager, object by object, and the Issuer that signs for the listeners of the stack's Gateway."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pulumi

from components import cert_manager_release, issuance, manifests, sources, waiting
from components.cert_manager_release import CertManagerRelease
from components.declared import declared_by
from components.envoy_gateway import EnvoyGateway
from components.gateway_api import Wire
from components.kubernetes_object import KubernetesObject
from components.manifests import Object
from components.namespace import Namespace
from components.sources import ManifestError
from config import CertManagerConfig, GatewayConfig
from stop import stop


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    settings: CertManagerConfig
    release: CertManagerRelease | None
    """What is installed; None where it is there already."""
    gateway: GatewayConfig
    """For whose listeners certificates are issued, and through which ACME's challenges come."""
    namespace: Namespace
    """Where that Gateway lives."""
    envoy_gateway: EnvoyGateway
    """Which brings the kinds of the Gateway API: cert-manager looks for them when it starts."""
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class Issuing:
    """What the rest of a stack has to know of its issuer; of none, nothing."""

    issuer: str = ""
    """Its name, in the Gateway's namespace."""
    crds: Sequence[Object] = ()
    """cert-manager's, where the stack brings them."""
    resources: Sequence[pulumi.Resource] = ()
    """What needs a certificate, or an object of cert-manager's, depends on these."""


class CertManager(pulumi.ComponentResource):
    """cert-manager with its Gateway API support, and an Issuer by the name of the Gateway.

    Order: namespace -> RBAC and Services -> its Deployments, which wait for the CRDs too -> its webhooks -> the Issuer.
    It is ready when the Issuer is. Each object may take `timeout_s`. Follows https://cert-manager.io/docs/usage/gateway/.
    """

    issuing: Issuing

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:CertManager", name, None, opts)

        self._timeout_s = args.timeout_s
        issuer = args.gateway.name
        release = args.release

        ready: list[pulumi.Resource] = [args.envoy_gateway.controller, args.namespace.resource]
        if release is not None:
            (namespace,) = self._installed(name, [release.namespace], [])
            crds = self._installed(name, release.crds, [])
            settings = self._installed(name, release.settings, [namespace])
            deployments = self._installed(name, release.deployments, [*ready, *crds, *settings])
            ready += self._installed(name, release.webhooks, deployments)
        for wire in _issuers(issuer, args):
            with declared_by("certManager"):
                object_name = f"{name}-{manifests.identity(wire)}"
                ready = [KubernetesObject(object_name, wire, self._after(ready))]

        self.issuing = Issuing(issuer=issuer, crds=release.crds if release else (), resources=ready)
        self.register_outputs({"issuer": issuer})

    def _installed(
        self, name: str, objects: Iterable[Object], after: Sequence[pulumi.Resource]
    ) -> list[KubernetesObject]:
        return [
            KubernetesObject(
                f"{name}-{manifests.identity(wire)}", manifests.prepared(wire, self._timeout_s), self._after(after)
            )
            for wire in objects
        ]

    def _after(self, resources: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=resources, custom_timeouts=waiting.limit(self._timeout_s))


def issuing(
    settings: CertManagerConfig,
    gateway: GatewayConfig,
    namespace: Namespace,
    envoy_gateway: EnvoyGateway,
    timeout_s: int,
    opts: pulumi.ResourceOptions,
) -> Issuing:
    """The issuer of a stack that has one. Ends the program when cert-manager's manifest cannot be used."""
    if settings.issuer == "none":
        return Issuing()
    try:
        release = None if settings.already_there else cert_manager_release.load(settings, sources.cache_directory())
    except ManifestError as error:
        stop(str(error))
    args = CertManagerArgs(
        settings=settings,
        release=release,
        gateway=gateway,
        namespace=namespace,
        envoy_gateway=envoy_gateway,
        timeout_s=timeout_s,
    )
    return CertManager("cert-manager", args, opts).issuing


def _issuers(name: str, args: CertManagerArgs) -> list[Wire]:
    """The Issuer `name`, after what it signs with."""
    if args.settings.acme is not None:
        return [issuance.acme(name, args.namespace.name, args.settings.acme, args.gateway)]
    return issuance.own_authority(name, args.namespace.name)
