"""Gateway: the class, the Envoys it runs, and the Gateway that clients reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.gateway import issuance, manifests, presets
from components.gateway.certificates import Certificate, self_signed
from components.gateway.issuers import Issuer
from components.gateway.listeners import Listeners, parts
from components.gateway.manifests import Wire
from components.platform.platform import Platform
from components.platform.sources import ManifestError
from config import ListenerConfig, ServingConfig
from diagnostics.exit import stop
from kube import readiness
from kube.labels import pods_of
from kube.merge import overlaid
from kube.namespace import Namespace
from kube.resource import KubernetesObject
from preview.recorder import Shortcut, declared_in_parts

_APP = "gateway"


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    name: str
    """The object's own."""
    class_name: str
    class_from: "Gateway | None" = None
    """What has made a class before this one, which is of that or of one that is there. None: it makes its own."""
    settings: ServingConfig
    listeners: Sequence[ListenerConfig]
    hostnames: Sequence[str]
    """What certificates that the program makes are for."""
    envoy_image: str | None
    """None: the one that Envoy Gateway chooses."""
    namespace: Namespace
    """Where the Gateway and its routes live."""
    platform: Platform
    """Its controller has to outlive the class and the Gateway: it takes away their finalizers."""
    issuers: Mapping[str, Issuer] = field(default_factory=dict[str, Issuer])
    """The stack's own, by name. Any other that a listener names is a ClusterIssuer."""
    timeout_s: int


class Gateway(pulumi.ComponentResource):
    """A GatewayClass with its EnvoyProxy, and a Gateway of that class. Where there is a class, for a further Gateway or
    on an external platform, the Gateway has the EnvoyProxy itself, in its own namespace.

    It is ready when the class is Accepted and the Gateway and its listeners are Programmed: an Envoy runs and has an
    address, from the load balancer, of the nodes or inside the cluster. Each may take `timeout_s`.
    Follows https://gateway-api.sigs.k8s.io/api-types/gateway/.
    """

    namespace: Namespace
    platform: Platform
    issuers: Mapping[str, Issuer]
    gateway_name: str
    listeners: Listeners
    target: Wire
    """A policy's `targetRef` to it."""
    resource: pulumi.Resource
    """The Gateway object: what needs a working Gateway depends on it."""
    class_resource: pulumi.Resource
    """The GatewayClass, or where that is there, what stands in its place: what the Gateway itself may wait for, such as
    a listener's certificate, depends on this one."""
    address: pulumi.Output[str]
    """An IP address or a host name, as the Gateway's status has it."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Gateway", name, None, opts)

        self._args = args
        self.namespace = args.namespace
        self.platform = args.platform
        self.issuers = args.issuers
        self.gateway_name = args.name
        settings = args.settings
        self.listeners = Listeners(gateway_name=args.name, all=args.listeners, redirecting=settings.redirect_to_https)

        first = args.class_from
        certificates = self._certificates()
        proxy = self._proxy(f"{name}-proxy")
        if first:
            self.class_resource = first.class_resource
        else:
            self.class_resource = proxy if self._own_proxy else self._class(f"{name}-class", proxy)
        needed = [proxy if first else self.class_resource, *(each.resource for each in certificates.values())]
        secrets = {listener: each.secret for listener, each in certificates.items()}
        gateway = self._gateway(f"{name}-gateway", secrets, needed)
        for each in self.listeners.ordered:
            self._order(f"{name}-certificate-{each.name}", each, gateway)
        if settings.redirect_to_https:
            self._object(f"{name}-redirect", manifests.awaited(self._redirect()), [gateway])
        self.target = manifests.target(self.api_version("Gateway"), "Gateway", args.name)
        self._traffic(f"{name}-traffic", [gateway])

        self.resource = gateway
        self.address = gateway.status.apply(_first_address)
        self.register_outputs({"address": self.address})

    def api_version(self, kind: str) -> str:
        """In which the installed release serves `kind`."""
        try:
            return self.platform.manifest.api_version(kind)
        except ManifestError as error:
            stop(str(error))

    @property
    def proxies(self) -> Wire:
        """A NetworkPolicy's peer: the Envoys of its namespace's Gateways, or with `mergeGateways` all of its class."""
        if self._args.class_from:
            return self._args.class_from.proxies
        prefix = "gateway.envoyproxy.io/owning-gateway"
        merged = self._args.settings.proxy.get("mergeGateways") is True
        owner = {f"{prefix}class": self._args.class_name} if merged else {f"{prefix}-namespace": self.namespace.name}
        return pods_of(self.platform.namespace, owner)

    def url(self, hostname: str) -> str:
        """At which clients reach the name."""
        return self._args.settings.url(hostname)

    def _certificates(self) -> dict[str, Certificate]:
        """Those that the program makes, by listener."""
        args, listeners = self._args, self.listeners
        here = pulumi.ResourceOptions(parent=self)
        return {
            each.name: self_signed(
                _APP, listeners.secret(each), listeners.certified(each, args.hostnames), args.namespace, here
            )
            for each in listeners.all
            if each.self_signed
        }

    @property
    def _own_proxy(self) -> bool:
        """Whether the EnvoyProxy is the Gateway's: Gateway API wants it in the same namespace then."""
        return self.platform.is_external or self._args.class_from is not None

    def _proxy(self, name: str) -> KubernetesObject:
        args, needed = self._args, list(self.platform.resources)
        if args.class_from:
            needed.append(args.class_from.class_resource)
        if self._own_proxy:
            needed.append(args.namespace.resource)
        wire = manifests.envoy_proxy(
            name=args.name if self._own_proxy else args.class_name,
            namespace=args.namespace.name if self._own_proxy else self.platform.namespace,
            image=args.envoy_image,
            exposure=args.settings.exposure,
            node_ports=self.listeners.node_ports,
            fields=args.settings.proxy,
        )
        with declared_in_parts({("spec",): "proxy"}):
            return self._object(name, wire, needed)

    def _class(self, name: str, proxy: pulumi.Resource) -> KubernetesObject:
        class_name, namespace = self._args.class_name, self.platform.namespace
        wire = manifests.gateway_class(name=class_name, proxy_name=class_name, proxy_namespace=namespace)
        return self._object(name, manifests.awaited(wire), [proxy])

    def _gateway(self, name: str, secrets: Mapping[str, str], needed: Sequence[pulumi.Resource]) -> KubernetesObject:
        args, settings, listeners = self._args, self._args.settings, self.listeners
        own_proxy = manifests.own_proxy(args.name) if self._own_proxy else {}
        wire = manifests.gateway(
            name=args.name,
            namespace=args.namespace.name,
            class_name=args.class_name,
            listeners=listeners.wires({**listeners.named_secrets, **secrets}),
            annotations=settings.annotations,
            fields=overlaid(own_proxy, settings.spec),
        )
        # Otherwise exposed it has another address or none; only a new Gateway's status surely shows no old one.
        further = [each["nodePort"] for each in listeners.node_ports if each["port"] != settings.port]
        exposure = [settings.exposure, settings.node_port, settings.port, *further]
        with declared_in_parts(parts(settings, args.listeners)):
            return self._object(
                name,
                manifests.awaited(wire, ordered=[each.name for each in listeners.ordered]),
                [*needed, args.namespace.resource],
                pulumi.ResourceOptions(replacement_trigger=exposure),
            )

    def _order(self, name: str, listener: ListenerConfig, gateway: pulumi.Resource) -> None:
        """Ordered when the Gateway is there: an authority that speaks ACME asks through it."""
        issuer = listener.issuer or ""
        own = self.issuers.get(issuer)
        wire = issuance.certificate(
            name=self.listeners.secret(listener),
            namespace=self.namespace.name,
            issuer=issuer,
            issuer_kind="Issuer" if own else "ClusterIssuer",
            hostname=listener.hostname,
        )
        self._object(name, wire, [gateway, *([own.resource] if own else [])])

    def _traffic(self, name: str, needed: Sequence[pulumi.Resource]) -> None:
        settings = self._args.settings.traffic
        for kind, (key, fields) in presets.policies(settings).items() if settings else ():
            wire = manifests.policy(
                api_version=self.api_version(kind),
                kind=kind,
                name=f"{self.gateway_name}-traffic",
                namespace=self.namespace.name,
                targets=[self.target],
                fields=fields,
            )
            with declared_in_parts({("spec",): f"traffic.{key}", ("spec", "targetRefs"): Shortcut("traffic")}):
                self._object(f"{name}-{key}", manifests.awaited(wire), needed)

    def _redirect(self) -> Wire:
        return manifests.route(
            api_version=self.api_version("HTTPRoute"),
            kind="HTTPRoute",
            name=f"{self.gateway_name}-redirect",
            namespace=self.namespace.name,
            gateway_name=self.gateway_name,
            listeners=self.listeners.plain,
            fields=manifests.redirect_to_https(self.listeners.secure_port),
        )

    def _object(
        self,
        name: str,
        wire: Wire,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> KubernetesObject:
        limit = readiness.limit(self._args.timeout_s)
        own = pulumi.ResourceOptions(parent=self, depends_on=after, custom_timeouts=limit)
        return KubernetesObject(name, wire, pulumi.ResourceOptions.merge(own, opts))


def _first_address(status: dict[str, Any] | None) -> str:
    addresses = (status or {}).get("addresses") or [{"value": ""}]
    return addresses[0]["value"]
