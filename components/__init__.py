"""Components: the parts of a stack. Each class is a component resource in a file of its own."""

from components.access import Access
from components.apps.chat import Chat, ChatArgs
from components.apps.expose import Expose, ExposeArgs
from components.apps.extra_apps import Apps, AppsArgs
from components.apps.network_policy import NetworkPolicies, NetworkPoliciesArgs
from components.apps.workload import Job, JobArgs, Workload, WorkloadArgs
from components.backend import Backend
from components.extra_objects import create_objects
from components.gateway.gateway import Gateway, GatewayArgs, Gateways, create_gateways
from components.gateway.issuers import Issuer, IssuerArgs, create_issuers
from components.gateway.policies import Policy, PolicyArgs, Target, create_policies
from components.gateway.routes import Route, RouteArgs, create_routes
from components.platform.cert_manager import CertManager, CertManagerArgs
from components.platform.envoy_gateway import EnvoyGateway, EnvoyGatewayArgs
from components.platform.platform import Platform, create_platform

__all__ = [
    "Access",
    "Apps",
    "AppsArgs",
    "Backend",
    "CertManager",
    "CertManagerArgs",
    "Chat",
    "ChatArgs",
    "EnvoyGateway",
    "EnvoyGatewayArgs",
    "Expose",
    "ExposeArgs",
    "Gateway",
    "GatewayArgs",
    "Gateways",
    "Issuer",
    "IssuerArgs",
    "Job",
    "JobArgs",
    "NetworkPolicies",
    "NetworkPoliciesArgs",
    "Platform",
    "Policy",
    "PolicyArgs",
    "Route",
    "RouteArgs",
    "Target",
    "Workload",
    "WorkloadArgs",
    "create_gateways",
    "create_issuers",
    "create_objects",
    "create_platform",
    "create_policies",
    "create_routes",
]
