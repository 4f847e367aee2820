"""Expose: a workload behind the gateway, at a host name and a path prefix."""

from dataclasses import dataclass

import pulumi

from components.apps.network_policy import from_gateway, network_policy
from components.backend import Backend
from components.gateway.gateway import Gateway
from components.gateway.routes import Route, RouteArgs, to
from components.moved import formerly_in_routes
from diagnostics import Path
from diagnostics.source import derived
from kube.resource import KubernetesObject
from preview.recorder import config_source


@dataclass(frozen=True, kw_only=True)
class ExposeArgs:
    host: str
    path_prefix: str = "/"
    """Prefix of the paths to route. Requests keep it on their way to the workload."""
    backend: Backend
    gateway: Gateway
    path: Path = ()
    """Place in the config of the workload."""
    host_path: Path = ()
    """Place in the config of the host name."""
    timeout_s: int


class Expose(pulumi.ComponentResource):
    """An HTTPRoute of the component's name and, in a namespace that denies traffic by default, a NetworkPolicy
    `<name>-from-gateway` for the gateway's Envoys.

    It is ready when every listener that can serve the host has accepted the route; it fails after `timeout_s`.
    """

    url: str
    """Public URL."""
    route: Route

    def __init__(self, name: str, args: ExposeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Expose", name, None, opts)

        gateway, backend = args.gateway, args.backend
        rule = {
            "matches": [{"path": {"type": "PathPrefix", "value": args.path_prefix}}],
            "backendRefs": [to(backend)],
        }
        route = RouteArgs(
            name=name,
            gateway=gateway,
            fields={"hostnames": derived(args.host_path, [args.host]), "rules": derived(args.path, [rule])},
            backends=[backend],
            path=args.path,
            timeout_s=args.timeout_s,
        )

        here = pulumi.ResourceOptions(parent=self)
        self.route = Route(name, route, pulumi.ResourceOptions.merge(here, formerly_in_routes(name)))
        if gateway.namespace.default_deny and backend.namespace == gateway.namespace.name:
            spec = from_gateway(backend, gateway.proxies)
            policy = network_policy(name, f"{name}-from-gateway", backend.namespace, spec)
            after = pulumi.ResourceOptions(parent=self, depends_on=[gateway.namespace.resource])
            with config_source(args.path):
                KubernetesObject(f"{name}-from-gateway", policy, after)

        self.url = gateway.url(args.host) + args.path_prefix.rstrip("/")
        self.register_outputs({"url": self.url})
