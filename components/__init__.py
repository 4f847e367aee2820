"""The components of the program: one class per file."""

from components.access import Access
from components.apps.chat import Chat, ChatArgs
from components.apps.expose import Expose, ExposeArgs
from components.apps.network_policy import NetworkPolicies, NetworkPoliciesArgs
from components.apps.secrets import Secrets
from components.apps.workload import Backend, Job, JobArgs, Workload, WorkloadArgs
from components.configured import Configured, ConfiguredArgs
from components.gateway.gateway import Gateway, GatewayArgs
from components.gateway.issuers import Issuer, IssuerArgs, issuers
from components.gateway.policies import Policy, PolicyArgs, Target
from components.gateway.routes import Route, RouteArgs
from components.platform.cert_manager import CertManager, CertManagerArgs, release_of_cert_manager
from components.platform.envoy_gateway import EnvoyGateway, EnvoyGatewayArgs, load_release
from components.platform.platform import Platform, rely
from kube.provider import connect
from preview.recorder import Declared, declared_by
from preview.verify import verify

__all__ = [
    "Access",
    "Backend",
    "CertManager",
    "CertManagerArgs",
    "Chat",
    "ChatArgs",
    "Configured",
    "ConfiguredArgs",
    "Declared",
    "EnvoyGateway",
    "EnvoyGatewayArgs",
    "Expose",
    "ExposeArgs",
    "Gateway",
    "GatewayArgs",
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
    "Secrets",
    "Target",
    "Workload",
    "WorkloadArgs",
    "connect",
    "declared_by",
    "issuers",
    "load_release",
    "release_of_cert_manager",
    "rely",
    "verify",
]
