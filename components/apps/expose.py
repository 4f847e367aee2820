"""Expose: a workload behind the gateway, under a host name and a path."""

from dataclasses import dataclass

import pulumi

from components.apps.network_policy import from_gateway, network_policy
from components.apps.workload import Backend
from components.gateway.gateway import Gateway
from components.gateway.routes import Route, RouteArgs
from kube.resource import KubernetesObject


@dataclass(frozen=True, kw_only=True)
class ExposeArgs:
    host: str
    path: str = "/"
    """What the paths start with that it gets; they reach it as they are."""
    backend: Backend
    gateway: Gateway
    timeout_s: int


class Expose(pulumi.ComponentResource):
    """An HTTPRoute of the component's name, from a host name and a path to a workload's Service, and where connections
    are refused otherwise a NetworkPolicy `<name>-from-gateway`, which lets the gateway's proxies in.

    It is ready when every listener that can serve the host has accepted it; it fails after `timeout_s`.
    """

    url: str
    """At which clients reach it."""
    route: Route

    def __init__(self, name: str, args: ExposeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Expose", name, None, opts)

        gateway, backend = args.gateway, args.backend
        route = RouteArgs.of_prefix(args.path, args.host, name, gateway, backend, args.timeout_s)

        self.route = Route(name, route, pulumi.ResourceOptions(parent=self))
        if gateway.namespace.default_deny and backend.namespace == gateway.namespace.name:
            policy = network_policy(
                name, f"{name}-from-gateway", backend.namespace, from_gateway(backend, gateway.proxies)
            )
            here = pulumi.ResourceOptions(parent=self, depends_on=[gateway.namespace.resource])
            KubernetesObject(f"{name}-from-gateway", policy, here)

        self.url = gateway.url(args.host) + args.path.rstrip("/")
        self.register_outputs({"url": self.url})
