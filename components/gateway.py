"""Gateway: the class, the Envoys it runs, and the Gateway that clients reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from checks.graph.hostnames import intersection
from components import gateway_api, issuance, waiting
from components.cert_manager import Issuing
from components.certificates import self_signed
from components.declared import declared_further_by
from components.envoy_gateway import EnvoyGateway
from components.gateway_api import Wire
from components.kubernetes_object import KubernetesObject
from components.namespace import Namespace
from components.overlay import overlaid
from components.sources import ManifestError
from config import GatewayConfig, ListenerConfig
from stop import stop

_APP = "gateway"
# What of a route's kind a listener's protocol can carry. https://gateway-api.sigs.k8s.io/api-types/gateway/
_CARRIED: Mapping[str, Sequence[str]] = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute", "TCPRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    settings: GatewayConfig
    hostnames: Sequence[str]
    """What a certificate that the program makes is for."""
    envoy_image: str | None
    """None: the one that Envoy Gateway chooses."""
    namespace: Namespace
    """Where the Gateway and its routes live."""
    issuing: Issuing = field(default_factory=Issuing)
    """Who signs for the listeners that are to have their certificate issued."""
    envoy_gateway: EnvoyGateway
    """Its controller has to outlive the class and the Gateway: it takes away their finalizers."""
    timeout_s: int


class Gateway(pulumi.ComponentResource):
    """A GatewayClass with its EnvoyProxy, and a Gateway of that class.

    It is ready when the class is Accepted and the Gateway and its listeners are Programmed: an Envoy runs and has an
    address, from the load balancer, of the nodes or inside the cluster. Each may take `timeout_s`.
    Follows https://gateway-api.sigs.k8s.io/api-types/gateway/.
    """

    namespace: Namespace
    gateway_name: str
    target: Wire
    """A policy's `targetRef` to it."""
    resource: pulumi.Resource
    """The Gateway object: what needs a working Gateway depends on it."""
    class_resource: pulumi.Resource
    """The GatewayClass: what the Gateway itself may wait for, such as a listener's certificate, depends on this one."""
    address: pulumi.Output[str]
    """An IP address or a host name, as the Gateway's status has it."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Gateway", name, None, opts)

        settings = args.settings
        self.namespace = args.namespace
        self.gateway_name = settings.name
        self._settings = settings
        self._release = args.envoy_gateway.manifest

        proxy_wire = gateway_api.envoy_proxy(
            name=settings.class_name,
            namespace=args.envoy_gateway.namespace,
            image=args.envoy_image,
            exposure=settings.exposure,
            port=settings.port,
            node_port=settings.node_port,
            fields=settings.proxy,
        )
        class_wire = gateway_api.gateway_class(
            name=settings.class_name, proxy_name=settings.class_name, proxy_namespace=args.envoy_gateway.namespace
        )
        here = pulumi.ResourceOptions(parent=self)
        certificates = {
            listener.name: self_signed(_APP, f"{settings.name}-{listener.name}", args.hostnames, args.namespace, here)
            for listener in settings.all_listeners
            if listener.self_signed
        }
        issued = {each.name: f"{settings.name}-{each.name}" for each in settings.all_listeners if each.issued}
        secrets = {**issued, **{listener: each.secret for listener, each in certificates.items()}}

        with declared_further_by("proxy"):
            proxy = self._object(f"{name}-proxy", proxy_wire, [args.envoy_gateway.controller], args.timeout_s)
        gateway_class = self._object(f"{name}-class", class_wire, [proxy], args.timeout_s)
        gateway = self._object(
            f"{name}-gateway",
            gateway_api.awaited(
                gateway_api.gateway(
                    name=settings.name,
                    namespace=args.namespace.name,
                    class_name=settings.class_name,
                    listeners=[_listener(each, secrets) for each in settings.all_listeners],
                    annotations=settings.annotations,
                    fields=settings.spec,
                ),
                but=issued,
            ),
            [gateway_class, args.namespace.resource, *(each.resource for each in certificates.values())],
            args.timeout_s,
            # Otherwise exposed it has another address or none; only a new Gateway's status surely shows no old one.
            pulumi.ResourceOptions(replacement_trigger=[settings.exposure, settings.node_port, settings.port]),
        )
        for listener in settings.all_listeners:
            if listener.issued:
                hosts = [listener.hostname] if listener.hostname else args.hostnames
                wire = issuance.certificate(issued[listener.name], args.namespace.name, args.issuing.issuer, hosts)
                # After the Gateway: an authority that speaks ACME asks through it.
                after = [gateway, *args.issuing.resources]
                self._object(f"{name}-certificate-{listener.name}", wire, after, args.timeout_s)
        if settings.redirect_to_https:
            self._object(f"{name}-redirect", self._redirect(settings), [gateway], args.timeout_s)

        self.target = gateway_api.target(self.api_version("Gateway"), "Gateway", settings.name)
        self.resource = gateway
        self.class_resource = gateway_class
        self.address = gateway.status.apply(_first_address)
        self.register_outputs({"address": self.address})

    def api_version(self, kind: str) -> str:
        """In which the installed release serves `kind`."""
        try:
            return self._release.api_version(kind)
        except ManifestError as error:
            stop(str(error))

    def url(self, hostname: str) -> str:
        """At which clients reach the name."""
        return self._settings.url(hostname)

    def default_listeners(self, kind: str, hostnames: Sequence[str]) -> list[str]:
        """The names of the listeners that a route is for when it does not say: all that can carry its kind and serve
        one of its host names, but those that only redirect. Ends the program when there are none."""
        names = [
            listener.name
            for listener in self._settings.all_listeners
            if kind in _CARRIED[listener.protocol]
            and self._hosts(listener, hostnames)
            and not (self._settings.redirect_to_https and listener.protocol == "HTTP")
        ]
        if not names:
            wanted = f"{kind} for {', '.join(hostnames)}" if hostnames else kind
            protocols = " or ".join(protocol for protocol, kinds in _CARRIED.items() if kind in kinds)
            stop(
                f"No listener of Gateway {self.gateway_name} can serve a {wanted}: "
                f"add one with protocol {protocols} to synergychat:gateway.listeners"
            )
        return names

    def _hosts(self, listener: ListenerConfig, hostnames: Sequence[str]) -> set[str]:
        """Under which a listener serves a route. A host that another one of its port names is that one's."""
        others = {each.hostname for each in self._settings.all_listeners if each.port == listener.port}
        return set(intersection(listener.hostname, hostnames)) - (others - {listener.hostname})

    def _redirect(self, settings: GatewayConfig) -> Wire:
        return gateway_api.route(
            api_version=self.api_version("HTTPRoute"),
            kind="HTTPRoute",
            name=f"{settings.name}-redirect",
            namespace=self.namespace.name,
            gateway_name=settings.name,
            listeners=[listener.name for listener in settings.all_listeners if listener.protocol == "HTTP"],
            fields=gateway_api.redirect_to_https(settings.secure_port or 443),
        )

    def _object(
        self,
        name: str,
        wire: Wire,
        after: Sequence[pulumi.Resource],
        timeout_s: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> KubernetesObject:
        own = pulumi.ResourceOptions(parent=self, depends_on=after, custom_timeouts=waiting.limit(timeout_s))
        return KubernetesObject(name, gateway_api.awaited(wire), pulumi.ResourceOptions.merge(own, opts))


def _listener(settings: ListenerConfig, secrets: Mapping[str, str]) -> Wire:
    fields = settings.fields
    if settings.name in secrets:
        fields = overlaid({"tls": {"certificateRefs": [{"name": secrets[settings.name]}]}}, fields)
    return gateway_api.listener(name=settings.name, protocol=settings.protocol, port=settings.port, fields=fields)


def _first_address(status: dict[str, Any] | None) -> str:
    addresses = (status or {}).get("addresses") or [{"value": ""}]
    return addresses[0]["value"]
