"""Gateway: its class, the Envoys that serve it, and the Gateway that clients reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.gateway import issuance, manifests, presets
from components.gateway.issuers import Issuer
from components.gateway.listeners import Listeners
from components.gateway.self_signed import Certificate, create_self_signed
from components.legacy import formerly_in_configured
from components.moved import formerly_in_objects
from components.platform.platform import Platform
from config import GatewaySettings, ListenerConfig
from diagnostics.source import Source, SourcedDict, derived
from gatewayapi.kinds import OWNING_GATEWAY
from kube.labels import pods_of
from kube.manifest import Manifest
from kube.merge import merge
from kube.namespace import Namespace
from kube.readiness import timeouts
from kube.resource import KubernetesObject
from preview.recorder import config_source
from releases import release_of

_APP = "gateway"


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    settings: GatewaySettings
    namespace: Namespace
    """Namespace of the Gateway and its routes."""
    platform: Platform
    """The platform, whose controller has to outlive the Gateway because it removes the finalizers."""
    issuers: Mapping[str, Issuer] = field(default_factory=dict[str, Issuer])
    """The stack's own issuers by name. Any other name stands for a ClusterIssuer."""
    shares_class_of: Optional["Gateway"] = None
    """Reuse this Gateway's GatewayClass; None creates one, unless the platform is external."""


class Gateway(pulumi.ComponentResource):
    """A Gateway with its GatewayClass and EnvoyProxy.

    The EnvoyProxy belongs to the class. Where the Gateway shares a class, or the platform is external, it belongs to
    the Gateway itself and lives in its namespace.

    It is ready when the class is Accepted, and the Gateway and its listeners are Programmed: an Envoy runs and has an
    address. Each object may take the settings' timeout. Follows https://gateway-api.sigs.k8s.io/api-types/gateway/.
    """

    namespace: Namespace
    platform: Platform
    gateway_name: str
    listeners: Listeners
    target: Manifest
    """A policy's `targetRef` to the Gateway."""
    resource: pulumi.Resource
    """The Gateway object, which everything that needs a working Gateway depends on."""
    class_resource: pulumi.Resource
    """The GatewayClass or, where others made it, the EnvoyProxy: objects that the Gateway itself may wait for, such as
    a certificate, depend on it."""
    address: pulumi.Output[str]
    """IP address or host name, from the Gateway's status."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Gateway", name, None, opts)

        self._args, self._settings, self._keys = args, args.settings, args.settings.keys
        self.namespace, self.platform, self.gateway_name = args.namespace, args.platform, self._settings.name
        self.listeners = Listeners(gateway_name=self.gateway_name, all=self._settings.listeners, keys=self._keys)
        self.target = manifests.target(self.platform.api_version("Gateway"), "Gateway", self.gateway_name)

        with config_source(self._keys.at()):
            certificates = self._self_signed()
            proxy = self._envoy_proxy(f"{name}-proxy")
            self.class_resource = self._gateway_class(f"{name}-class", proxy)
            own = proxy if args.shares_class_of else self.class_resource
            needed = [own, *(certificate.resource for certificate in certificates.values())]
            secrets = {listener: certificate.secret for listener, certificate in certificates.items()}
            self.resource = gateway = self._gateway(f"{name}-gateway", secrets, needed)
            for listener in self.listeners.issued:
                self._certificate(f"{name}-certificate-{listener.name}", listener, gateway)
            if self._keys.redirect_to_https:
                self._object(f"{name}-redirect", manifests.with_readiness(self._redirect()), [gateway])
            self._traffic(f"{name}-traffic", [gateway])

        self.address = gateway.status.apply(_first_address)
        self.register_outputs({"address": self.address})

    @property
    def proxies(self) -> Manifest:
        """A NetworkPolicy peer: the Envoys of the namespace's Gateways, or of the whole class with `mergeGateways`."""
        if self._args.shares_class_of:
            return self._args.shares_class_of.proxies
        is_merged = self._keys.proxy.get("mergeGateways") is True
        class_label, namespace_label = f"{OWNING_GATEWAY}class", f"{OWNING_GATEWAY}-namespace"
        owner = {class_label: self._settings.class_name} if is_merged else {namespace_label: self.namespace.name}
        return pods_of(self.platform.namespace, owner)

    def url(self, hostname: str) -> str:
        """The URL of a host name."""
        return self._keys.url(hostname)

    @property
    def _has_own_proxy(self) -> bool:
        """Whether the EnvoyProxy belongs to the Gateway: Gateway API wants it in the same namespace then."""
        return self.platform.is_external or self._args.shares_class_of is not None

    def _self_signed(self) -> dict[str, Certificate]:
        """The certificates that the program signs, by listener."""
        listeners, hosts = self.listeners, self._settings.hostnames
        here = pulumi.ResourceOptions(parent=self)
        return {
            listener.name: create_self_signed(
                _APP,
                listeners.secret_name(listener),
                listeners.certified_hosts(listener, hosts),
                self.namespace,
                here,
            )
            for listener in listeners.all
            if listener.self_signed
        }

    def _envoy_proxy(self, name: str) -> KubernetesObject:
        shared, own = self._args.shares_class_of, self._has_own_proxy
        manifest = manifests.envoy_proxy(
            name=self.gateway_name if own else self._settings.class_name,
            namespace=self.namespace.name if own else self.platform.namespace,
            image=self._settings.envoy_image,
            exposure=self._keys.exposure,
            node_ports=self.listeners.node_ports,
            fields=self._keys.proxy,
        )
        needed = [*self.platform.resources, *([shared.class_resource] if shared else [])]
        return self._object(name, manifest, [*needed, *([self.namespace.resource] if own else [])])

    def _gateway_class(self, name: str, proxy: KubernetesObject) -> pulumi.Resource:
        if self._args.shares_class_of:
            return self._args.shares_class_of.class_resource
        if self._has_own_proxy:
            return proxy
        class_name, namespace = self._settings.class_name, self.platform.namespace
        manifest = manifests.gateway_class(name=class_name, proxy_name=class_name, proxy_namespace=namespace)
        return self._object(name, manifests.with_readiness(manifest), [proxy])

    def _gateway(self, name: str, secrets: Mapping[str, str], needed: Sequence[pulumi.Resource]) -> KubernetesObject:
        keys, listeners = self._keys, self.listeners
        proxy = manifests.own_envoy_proxy(self.gateway_name) if self._has_own_proxy else {}
        fields = {
            "gatewayClassName": self._settings.class_name,
            "listeners": listeners.manifests({**listeners.known_secrets, **secrets}),
        }
        class_name: dict[str | int, Source] = {"gatewayClassName": Source(keys.at("className"), derived=True)}
        manifest = manifests.gateway(
            name=self.gateway_name,
            namespace=self.namespace.name,
            annotations=keys.annotations,
            spec=merge(merge(proxy, keys.spec), SourcedDict(fields, None, class_name)),
        )
        ready = manifests.with_readiness(manifest, except_listeners=[listener.name for listener in listeners.issued])
        # Another exposure gives another address, or none. Only the status of a new Gateway surely has no old one.
        other_node_ports = [entry["nodePort"] for entry in listeners.node_ports if entry["port"] != keys.port]
        exposure = [keys.exposure, keys.node_port, keys.port, *other_node_ports]
        replacement = pulumi.ResourceOptions(replacement_trigger=exposure, protect=self._settings.protect)
        opts = pulumi.ResourceOptions.merge(replacement, formerly_in_objects(manifest))
        return self._object(name, ready, [*needed, self.namespace.resource], opts)

    def _certificate(self, name: str, listener: ListenerConfig, gateway: pulumi.Resource) -> None:
        """Request a certificate once the Gateway exists: an ACME authority sends its challenge through it."""
        issuer = listener.issuer or ""
        own = self._args.issuers.get(issuer)
        manifest = issuance.certificate(
            name=self.listeners.secret_name(listener),
            namespace=self.namespace.name,
            issuer=issuer,
            issuer_kind="Issuer" if own else "ClusterIssuer",
            hostname=listener.hostname,
        )
        self._object(name, manifest, [gateway, *([own.resource] if own else [])])

    def _traffic(self, name: str, needed: Sequence[pulumi.Resource]) -> None:
        settings = self._keys.traffic
        release = release_of(self.platform.version)
        for kind, (key, fields) in presets.policies(settings, release).items() if settings else ():
            manifest = manifests.policy(
                api_version=self.platform.api_version(kind),
                kind=kind,
                name=f"{self.gateway_name}-traffic",
                namespace=self.namespace.name,
                targets=derived(self._keys.at("traffic"), [self.target]),
                fields=fields,
            )
            self._object(f"{name}-{key}", manifests.with_readiness(manifest), needed)

    def _redirect(self) -> Manifest:
        return manifests.route(
            api_version=self.platform.api_version("HTTPRoute"),
            kind="HTTPRoute",
            name=f"{self.gateway_name}-redirect",
            namespace=self.namespace.name,
            parents=manifests.parent_refs(self.gateway_name, self.listeners.plain),
            fields=manifests.redirect_to_https(self.listeners.https_port),
        )

    def _object(
        self,
        name: str,
        manifest: Manifest,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> KubernetesObject:
        limits = timeouts(self._settings.timeout_s)
        own = pulumi.ResourceOptions(parent=self, depends_on=after, custom_timeouts=limits)
        return KubernetesObject(name, manifest, pulumi.ResourceOptions.merge(own, opts))


@dataclass(frozen=True)
class Gateways:
    """All Gateways of a stack."""

    by_name: Mapping[str, Gateway]

    @property
    def main(self) -> Gateway:
        """The chat's own Gateway, whose class the others share."""
        return next(iter(self.by_name.values()))


def create_gateways(
    settings: Sequence[GatewaySettings],
    namespace: Namespace,
    platform: Platform,
    issuers: Mapping[str, Issuer],
    opts: pulumi.ResourceOptions,
) -> Gateways:
    """All Gateways, the chat's own first."""
    first, *others = settings

    def args(gateway: GatewaySettings, main: Gateway | None) -> GatewayArgs:
        return GatewayArgs(
            settings=gateway, namespace=namespace, platform=platform, issuers=issuers, shares_class_of=main
        )

    main = Gateway("gateway", args(first, None), opts)
    extra = {
        gateway.name: Gateway(
            f"gateway-{gateway.name}",
            args(gateway, main),
            pulumi.ResourceOptions.merge(opts, formerly_in_configured()),
        )
        for gateway in others
    }
    return Gateways({first.name: main, **extra})


def _first_address(status: dict[str, Any] | None) -> str:
    addresses = (status or {}).get("addresses") or [{"value": ""}]
    return addresses[0]["value"]
