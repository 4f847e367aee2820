"""A stack's config: read once, checked as a whole. `python -m tools.docs` writes its reference, docs/config.md."""

from config.base import Fields, OpenSection, Section
from config.cert_manager import AcmeConfig, CertManagerConfig, IssuerConfig
from config.envoy_gateway import EnvoyGatewayConfig
from config.gateway import FurtherGatewayConfig, GatewayConfig, ListenerConfig, ServingConfig, TrafficConfig
from config.objects import ObjectConfig
from config.reading import ConfigError, load, parse, told
from config.routes import PolicyConfig, RouteConfig
from config.stack import StackConfig
from config.workloads import (
    ApiConfig,
    AppConfig,
    CrawlerConfig,
    FurtherAppConfig,
    PersistenceConfig,
    ScaleConfig,
    WebConfig,
)

__all__ = [
    "AcmeConfig",
    "ApiConfig",
    "AppConfig",
    "CertManagerConfig",
    "ConfigError",
    "CrawlerConfig",
    "EnvoyGatewayConfig",
    "Fields",
    "FurtherAppConfig",
    "FurtherGatewayConfig",
    "GatewayConfig",
    "IssuerConfig",
    "ListenerConfig",
    "ObjectConfig",
    "OpenSection",
    "PersistenceConfig",
    "PolicyConfig",
    "RouteConfig",
    "ScaleConfig",
    "Section",
    "ServingConfig",
    "StackConfig",
    "TrafficConfig",
    "WebConfig",
    "load",
    "parse",
    "told",
]
