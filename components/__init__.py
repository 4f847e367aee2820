"""The components of the program: one class per file."""

from components.access import Access
from components.cert_manager import CertManager, CertManagerArgs, release_of_cert_manager
from components.chat import Chat, ChatArgs
from components.cluster import connect
from components.configured import Configured, ConfiguredArgs
from components.declared import Declared, declared_by
from components.envoy_gateway import EnvoyGateway, EnvoyGatewayArgs, release
from components.expose import Expose, ExposeArgs
from components.gateway import Gateway, GatewayArgs
from components.issuers import Issuer, IssuerArgs, issuers
from components.network_policy import NetworkPolicies, NetworkPoliciesArgs
from components.platform import Platform, rely
from components.policies import Policy, PolicyArgs, Target
from components.routes import Route, RouteArgs
from components.secrets import Secrets
from components.verification import verify
from components.workload import Backend, Job, JobArgs, Workload, WorkloadArgs

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
    "release",
    "release_of_cert_manager",
    "rely",
    "verify",
]
