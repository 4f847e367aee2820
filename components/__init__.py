"""The components of the program: one class per file."""

from components.access import Access
from components.chat import Chat, ChatArgs
from components.cluster import connect
from components.envoy_gateway import EnvoyGateway, EnvoyGatewayArgs, release
from components.gateway import Gateway, GatewayArgs
from components.routes import HttpRoute, HttpRouteArgs
from components.workload import Backend, Workload, WorkloadArgs

__all__ = [
    "Access",
    "Backend",
    "Chat",
    "ChatArgs",
    "EnvoyGateway",
    "EnvoyGatewayArgs",
    "Gateway",
    "GatewayArgs",
    "HttpRoute",
    "HttpRouteArgs",
    "Workload",
    "WorkloadArgs",
    "connect",
    "release",
]
