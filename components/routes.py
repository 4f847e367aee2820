"""HttpRoute: a host name's way from the Gateway to a workload."""

from dataclasses import dataclass

import pulumi

from components import gateway_api, waiting
from components.gateway import Gateway
from components.kubernetes_object import KubernetesObject
from components.workload import Backend
from config import ApiConfig, WebConfig


@dataclass(frozen=True, kw_only=True)
class HttpRouteArgs:
    settings: WebConfig | ApiConfig
    gateway: Gateway
    """The Gateway that serves the host name; the route lives in its namespace."""
    backend: Backend
    timeout_s: int


class HttpRoute(pulumi.ComponentResource):
    """An HTTPRoute that sends all of a host name's requests to one backend.

    It is ready when the Gateway has accepted it and its backend is resolved; it fails after `timeout_s`, naming the
    condition that is missing. Follows https://gateway-api.sigs.k8s.io/api-types/httproute/.
    """

    hostname: str

    def __init__(self, name: str, args: HttpRouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:HttpRoute", name, None, opts)

        wire = gateway_api.http_route(
            name=args.settings.route_name,
            namespace=args.gateway.namespace,
            hostname=args.settings.hostname,
            gateway_name=args.gateway.gateway_name,
            listener=args.gateway.listener,
            service=args.backend.service,
            service_port=args.backend.port,
        )

        # The wait names the Gateway in an annotation, which takes a plain text: its order has to be said here.
        ready = pulumi.ResourceOptions(
            parent=self, depends_on=[args.gateway.resource], custom_timeouts=waiting.limit(args.timeout_s)
        )
        KubernetesObject(f"{name}-route", wire, ready)

        self.hostname = args.settings.hostname
        self.register_outputs({"hostname": self.hostname})
