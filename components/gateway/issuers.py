"""Issuer: who signs certificates for the listeners of a stack's Gateways."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.gateway import issuance
from components.gateway.manifests import Wire
from components.platform import release
from components.platform.platform import Platform
from config import IssuerConfig, StackConfig
from kube import readiness
from kube.namespace import Namespace
from kube.resource import KubernetesObject
from preview.recorder import Shortcut, declared_by


@dataclass(frozen=True, kw_only=True)
class IssuerArgs:
    name: str
    """The object's own."""
    settings: IssuerConfig
    gateways: Mapping[str, str]
    """The listener for HTTP of each of the stack's Gateways, by the Gateway's name."""
    namespace: Namespace
    """Where these Gateways live."""
    platform: Platform
    """With cert-manager, where that is the stack's."""
    timeout_s: int


class Issuer(pulumi.ComponentResource):
    """An Issuer of cert-manager; for an authority of the stack's own also that, signed by itself.

    It is ready when cert-manager says so: an account with an authority that speaks ACME is there. Each object may take
    `timeout_s`. Follows https://cert-manager.io/docs/configuration/.
    """

    resource: pulumi.Resource
    """The Issuer object: a certificate that it is to sign depends on it."""

    def __init__(self, name: str, args: IssuerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Issuer", name, None, opts)

        limit = readiness.limit(args.timeout_s)
        needed: list[pulumi.Resource] = [*args.platform.resources, args.namespace.resource]

        for wire in _objects(args):
            own = pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=limit)
            needed = [KubernetesObject(f"{name}-{release.identity(wire)}", wire, own)]

        (self.resource,) = needed
        self.register_outputs({})


def issuers(
    settings: StackConfig, namespace: Namespace, platform: Platform, opts: pulumi.ResourceOptions
) -> dict[str, Issuer]:
    """Those of a stack, by name."""
    return {name: _issuer(name, settings, namespace, platform, opts) for name in settings.issuers}


def _issuer(
    name: str, settings: StackConfig, namespace: Namespace, platform: Platform, opts: pulumi.ResourceOptions
) -> Issuer:
    own = settings.issuers[name]
    args = IssuerArgs(
        name=name,
        settings=own,
        gateways={each: gateway.listener for each, gateway in settings.all_gateways.items()},
        namespace=namespace,
        platform=platform,
        timeout_s=settings.timeout_seconds,
    )
    with declared_by(f"issuers.{name}", {("spec",): Shortcut("selfSignedCa") if own.self_signed_ca else ""}):
        return Issuer(f"issuer-{name}", args, opts)


def _objects(args: IssuerArgs) -> list[Wire]:
    """The Issuer, after what it signs with."""
    name, namespace, settings = args.name, args.namespace.name, args.settings
    if settings.self_signed_ca:
        return issuance.self_signed_ca(name=name, namespace=namespace)
    spec = settings.fields
    if settings.acme is not None:
        fields = settings.acme.model_dump(by_alias=True, exclude_none=True)
        spec["acme"] = issuance.acme(issuer=name, gateways=args.gateways, fields=fields)
    return [issuance.issuer(name=name, namespace=namespace, spec=spec)]
