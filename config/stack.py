"""All keys of a stack."""

import json
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from pydantic import Field

from config.base import Section
from config.cert_manager import CertManagerConfig, IssuerConfig
from config.envoy_gateway import EnvoyGatewayConfig
from config.gateway import ExtraGatewayConfig, GatewayConfig, ServingConfig
from config.objects import ObjectConfig
from config.request_tests import RequestTestConfig
from config.routes import PolicyConfig, RouteConfig
from config.values import Label, Ownership, Seconds, SecretKey, ServiceName, Subdomain, Text
from config.workloads import ApiConfig, AppConfig, CrawlerConfig, ExtraAppConfig, WebConfig
from diagnostics import Path


class StackConfig(Section):
    """The config of a stack, validated and immutable."""

    context: Text = Field(
        description="The kubeconfig context to deploy to. Required: the current context is never used."
    )
    namespace: Label = Field(default="synergychat", description="Namespace of the chat, its Gateway and its routes.")
    platform: Ownership = Field(
        default="managed",
        description="Who owns the CRDs, controller and GatewayClass. `managed`: this stack installs them. `external`: "
        "they already exist, at the version and namespace in `envoyGateway`.",
    )
    include: tuple[Text, ...] = Field(
        default=(),
        description="Files in the program's directory that have `apps`, `objects`, `policies`, `routes` and `tests` of "
        "this stack, as in the stack's file, but without `synergychat:`. For a team's own file, and for more config "
        "than Pulumi passes to a program (128 KiB).",
    )
    adopt: tuple[Text, ...] = Field(
        default=(),
        description="Objects that existed before the stack, and that it may take over, such as `Namespace/team` or "
        "`HTTPRoute.gateway.networking.k8s.io/team/web`. `*` stands for any characters, and alone for every object. "
        "They stay on the cluster, also when they are removed from the config or the stack is destroyed.",
    )
    require_digests: bool = Field(
        default=False, description="Require a digest for every image, because a tag can be moved to another image."
    )
    protect: bool = Field(
        default=False,
        description="Make Pulumi refuse to delete or replace the stack's namespace, which has the volumes, its "
        "Gateways, which have the addresses, and such kinds in `objects`.",
    )
    timeout_seconds: Seconds = Field(
        default=120, description="Time for each object to become ready before `pulumi up` fails and names it."
    )
    envoy_gateway: EnvoyGatewayConfig = Field(
        default_factory=EnvoyGatewayConfig, description="The gateway's controller."
    )
    gateway: GatewayConfig = Field(default_factory=GatewayConfig, description="The Gateway and how clients reach it.")
    gateways: dict[Label, ExtraGatewayConfig] = Field(
        default={}, description="Extra Gateways in the chat's namespace, by name, each with its own Envoys."
    )
    cert_manager: CertManagerConfig = Field(
        default_factory=CertManagerConfig, description="cert-manager, which issues and renews certificates."
    )
    issuers: dict[Label, IssuerConfig] = Field(
        default={},
        description="Issuers of cert-manager in the chat's namespace, by name, for the `issuer` of listeners.",
    )
    web: WebConfig = Field(default_factory=WebConfig, description="The chat's page.")
    api: ApiConfig = Field(default_factory=ApiConfig, description="The chat's API.")
    crawler: CrawlerConfig = Field(
        default_factory=CrawlerConfig, description="The crawler, which answers `/stats` in the chat."
    )
    apps: dict[ServiceName, ExtraAppConfig] = Field(default={}, description="Extra apps beside the chat, by name.")
    network_policy: bool = Field(
        default=True,
        description="Deny all traffic in the chat's namespace except what the stack needs (default-deny "
        "NetworkPolicies). The cluster's CNI plugin has to enforce NetworkPolicies.",
    )
    routes: dict[Subdomain, RouteConfig] = Field(
        default={}, description="Extra routes, by name. `workload: NAME` in a `backendRefs` stands for its Service."
    )
    policies: dict[Subdomain, PolicyConfig] = Field(default={}, description="Policies for the traffic, by name.")
    secrets: dict[Subdomain, dict[SecretKey, str]] = Field(
        default={},
        description="Secrets in the chat's namespace, by name, for workloads, listeners, routes and policies: "
        "`pulumi config set --secret --path 'synergychat:secrets.users[\".htpasswd\"]' VALUE`.",
    )
    objects: tuple[ObjectConfig, ...] = Field(
        default=(),
        description="Any other Kubernetes objects. Kinds of Kubernetes and of the release are checked.",
    )

    tests: dict[Subdomain, RequestTestConfig] = Field(
        default={},
        description="Requests that the stack promises to answer, by name. `preview` and `up` refuse a stack that "
        "breaks a promise ([more](explain.md#tests-of-a-stack)).",
    )

    @property
    def chat(self) -> dict[str, AppConfig]:
        """The chat's workloads by name."""
        return {name: getattr(self, name) for name in CHAT}

    @property
    def workloads(self) -> dict[str, AppConfig]:
        """All workloads by name."""
        return {**self.chat, **self.apps}

    @property
    def backends(self) -> list[str]:
        """Names of the workloads that requests can be sent to."""
        return [*CHAT, *(name for name, app in self.apps.items() if app.is_served)]

    @property
    def exposed_hosts(self) -> dict[str, str]:
        """Host names of the workloads that the gateway serves, by the workloads' names."""
        apps = {name: app.hostname for name, app in self.apps.items() if app.hostname is not None}
        return {"web": self.web.hostname, "api": self.api.hostname, **apps}

    def gateway_of(self, route: RouteConfig) -> str:
        """The name of the Gateway that serves a route."""
        return route.gateway or self.gateway.name

    @property
    def all_gateways(self) -> dict[str, ServingConfig]:
        """All Gateways by name; the chat's own first."""
        return {self.gateway.name: self.gateway, **self.gateways}


CHAT = tuple(
    name
    for name, field in StackConfig.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, AppConfig)
)
"""Names of the chat's workloads: the keys that each have one."""


def validate(raw: Mapping[str, object], entries: Mapping[Path, Path] = MappingProxyType({})) -> StackConfig:
    """The typed config of a stack's keys. Raises ValidationError.

    `entries` are those of included files, with their paths there, as in `config.included.Included`.
    """
    config = StackConfig.model_validate_json(json.dumps(raw), by_alias=True, by_name=False)
    config.place_at(())
    for (section, name), path in entries.items():
        with suppress(LookupError):  # a stand-in may lack it
            getattr(config, str(section))[name].place_at(path)
    return config
