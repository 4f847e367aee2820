"""The config of a stack, read once and validated as a whole. `python -m tools.docs` writes its reference."""

from config.base import Fields, OpenSection, Section
from config.cert_manager import AcmeConfig, CertManagerConfig, IssuerConfig
from config.envoy_gateway import EnvoyGatewayConfig
from config.gateway import ExtraGatewayConfig, GatewayConfig, ListenerConfig, ServingConfig, TrafficConfig
from config.objects import ObjectConfig
from config.reading import ConfigError, explain, load, parse
from config.request_tests import RequestTestConfig
from config.resolved import (
    ChatSettings,
    GatewaySettings,
    IssuerSettings,
    PlatformSettings,
    PolicySettings,
    RequestTestSettings,
    RouteSettings,
    Stack,
    WorkloadTraffic,
)
from config.routes import PolicyConfig, RouteConfig, TargetConfig
from config.stack import CHAT, StackConfig
from config.workloads import AppConfig, ExtraAppConfig, PersistenceConfig, ScaleConfig

__all__ = [
    "CHAT",
    "AcmeConfig",
    "AppConfig",
    "CertManagerConfig",
    "ChatSettings",
    "ConfigError",
    "EnvoyGatewayConfig",
    "ExtraAppConfig",
    "ExtraGatewayConfig",
    "Fields",
    "GatewayConfig",
    "GatewaySettings",
    "IssuerConfig",
    "IssuerSettings",
    "ListenerConfig",
    "ObjectConfig",
    "OpenSection",
    "PersistenceConfig",
    "PlatformSettings",
    "PolicyConfig",
    "PolicySettings",
    "RequestTestConfig",
    "RequestTestSettings",
    "RouteConfig",
    "RouteSettings",
    "ScaleConfig",
    "Section",
    "ServingConfig",
    "Stack",
    "StackConfig",
    "TargetConfig",
    "TrafficConfig",
    "WorkloadTraffic",
    "explain",
    "load",
    "parse",
]
