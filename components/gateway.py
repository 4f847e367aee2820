"""Gateway: the class, the Envoys it runs, and the Gateway that clients reach."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components import gateway_api, waiting
from components.envoy_gateway import EnvoyGateway
from components.kubernetes_object import KubernetesObject
from config import GatewayConfig


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    settings: GatewayConfig
    envoy_image: str | None
    """None: the one that Envoy Gateway chooses."""
    namespace: pulumi.Input[str]
    """Where the Gateway and its routes live."""
    envoy_gateway: EnvoyGateway
    """Its controller has to outlive the class and the Gateway: it takes away their finalizers."""
    timeout_s: int


class Gateway(pulumi.ComponentResource):
    """A GatewayClass with its EnvoyProxy, and a Gateway of that class with one HTTP listener.

    It is ready when the class is Accepted and the Gateway is Programmed: an Envoy runs and has an address, from the
    load balancer, of the nodes or inside the cluster. Each may take `timeout_s`.
    Follows https://gateway-api.sigs.k8s.io/api-types/gateway/.
    """

    namespace: pulumi.Input[str]
    gateway_name: str
    listener: str
    resource: pulumi.Resource
    """The Gateway object: what needs a working Gateway depends on it."""
    address: pulumi.Output[str]
    """An IP address or a host name, as the Gateway's status has it."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Gateway", name, None, opts)

        settings = args.settings
        proxy_wire = gateway_api.envoy_proxy(
            name=settings.class_name,
            namespace=args.envoy_gateway.namespace,
            image=args.envoy_image,
            exposure=settings.exposure,
            port=settings.port,
            node_port=settings.node_port,
        )

        after_controller = pulumi.ResourceOptions(parent=self, depends_on=[args.envoy_gateway.controller])
        proxy = KubernetesObject(f"{name}-proxy", proxy_wire, after_controller)
        ready = pulumi.ResourceOptions(parent=self, custom_timeouts=waiting.limit(args.timeout_s))
        gateway_class = KubernetesObject(
            f"{name}-class",
            gateway_api.gateway_class(
                name=settings.class_name,
                proxy_name=proxy.metadata["name"],
                proxy_namespace=proxy.metadata["namespace"],
            ),
            ready,
        )
        gateway = KubernetesObject(
            f"{name}-gateway",
            gateway_api.gateway(
                name=settings.name,
                namespace=args.namespace,
                class_name=gateway_class.metadata["name"],
                listener=settings.listener,
                port=settings.port,
            ),
            # Otherwise exposed it has another address or none; only a new Gateway's status is sure not to show the old.
            pulumi.ResourceOptions.merge(
                ready,
                pulumi.ResourceOptions(replacement_trigger=[settings.exposure, settings.node_port, settings.port]),
            ),
        )

        self.namespace = gateway.metadata["namespace"]
        self.gateway_name = settings.name
        self.listener = settings.listener
        self.resource = gateway
        self.address = gateway.status.apply(_first_address)
        self.register_outputs({"address": self.address})


def _first_address(status: dict[str, Any] | None) -> str:
    addresses = (status or {}).get("addresses") or [{"value": ""}]
    return addresses[0]["value"]
