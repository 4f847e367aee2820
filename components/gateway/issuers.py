"""Issuer: the signer of certificates for the listeners of a stack's Gateways."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.gateway import issuance
from components.platform.platform import Platform
from config import IssuerSettings
from diagnostics.source import derived
from kube.manifest import Manifest, identity
from kube.namespace import Namespace
from kube.readiness import timeouts
from kube.resource import KubernetesObject
from preview.recorder import config_source


@dataclass(frozen=True, kw_only=True)
class IssuerArgs:
    settings: IssuerSettings
    namespace: Namespace
    """Namespace of the Gateways."""
    platform: Platform
    """The platform, with cert-manager if the stack installs it."""


class Issuer(pulumi.ComponentResource):
    """An Issuer of cert-manager; for a `selfSignedCa` also its certificate authority.

    It is ready when cert-manager reports it; with ACME the account then exists. Each object may take the settings'
    timeout. Follows https://cert-manager.io/docs/configuration/.
    """

    resource: pulumi.Resource
    """The Issuer object, which its certificates depend on."""

    def __init__(self, name: str, args: IssuerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Issuer", name, None, opts)

        limits = timeouts(args.settings.timeout_s)
        needed: list[pulumi.Resource] = [*args.platform.resources, args.namespace.resource]

        with config_source(args.settings.keys.at()):
            for manifest in _manifests(args):
                own = pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=limits)
                needed = [KubernetesObject(f"{name}-{identity(manifest)}", manifest, own)]

        (self.resource,) = needed
        self.register_outputs({})


def create_issuers(
    settings: Sequence[IssuerSettings], namespace: Namespace, platform: Platform, opts: pulumi.ResourceOptions
) -> dict[str, Issuer]:
    """The issuers of a stack by name."""
    return {
        issuer.name: Issuer(
            f"issuer-{issuer.name}", IssuerArgs(settings=issuer, namespace=namespace, platform=platform), opts
        )
        for issuer in settings
    }


def _manifests(args: IssuerArgs) -> list[Manifest]:
    """The Issuer, after the objects that it signs with."""
    settings, namespace = args.settings, args.namespace.name
    keys = settings.keys
    if keys.self_signed_ca:
        authority = issuance.self_signed_ca(name=settings.name, namespace=namespace)
        return [{**manifest, "spec": derived(keys.at("selfSignedCa"), manifest["spec"])} for manifest in authority]
    spec = keys.fields
    if keys.acme is not None:
        # The fields by name and those that are passed on, all marked with their place.
        fields = keys.acme.all_fields
        spec["acme"] = issuance.acme(issuer=settings.name, listeners=settings.listeners, fields=fields)
    return [issuance.issuer(name=settings.name, namespace=namespace, spec=spec)]
