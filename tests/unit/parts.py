"""The components as __main__.py joins them, one by one and with nothing of a stack's own."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components import Chat, ChatArgs, EnvoyGatewayArgs, Gateway, GatewayArgs, Issuer, IssuerArgs, Platform
from components.platform.cert_manager_release import CertManagerRelease
from config import ApiConfig, CrawlerConfig, GatewayConfig, IssuerConfig, WebConfig
from config.values import Ownership
from kube.namespace import Namespace
from tests.unit import release

TIMEOUT_S = 60


def on_cluster() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[k8s.Provider("cluster", context="a-context")])


def platform_of(
    cluster: pulumi.ResourceOptions,
    ownership: Ownership = "managed",
    cert_manager: CertManagerRelease | None = None,
) -> Platform:
    args = EnvoyGatewayArgs(manifest=release.manifest(*release.with_every_kind()), timeout_s=TIMEOUT_S)
    return Platform.of("eg", ownership, args, cert_manager, cluster)


def gateway(
    cluster: pulumi.ResourceOptions,
    settings: GatewayConfig | None = None,
    ownership: Ownership = "managed",
    *,
    issuers: Mapping[str, Any] | None = None,
    cert_manager: CertManagerRelease | None = None,
    default_deny: bool = False,
) -> Gateway:
    settings = settings or GatewayConfig()
    namespace = Namespace.restricted("chat", "chat", cluster, default_deny=default_deny)
    platform = platform_of(cluster, ownership, cert_manager)
    made = {
        name: Issuer(
            f"is-{name}",
            IssuerArgs(
                name=name,
                # By alias, as in a stack's file.
                settings=IssuerConfig.model_validate(each),
                gateways={settings.name: settings.listener, "inner": "plain"},
                namespace=namespace,
                platform=platform,
                timeout_s=TIMEOUT_S,
            ),
            cluster,
        )
        for name, each in (issuers or {}).items()
    }
    args = GatewayArgs(
        name=settings.name,
        class_name=settings.class_name,
        settings=settings,
        listeners=settings.served(["synchat.internal"]),
        envoy_image=settings.envoy_image,
        hostnames=["synchat.internal"],
        namespace=namespace,
        platform=platform,
        issuers=made,
        timeout_s=TIMEOUT_S,
    )
    return Gateway("gw", args, cluster)


def chat(
    cluster: pulumi.ResourceOptions,
    *,
    api_url: str = "http://api.example",
    web: WebConfig | None = None,
    api: ApiConfig | None = None,
    crawler: CrawlerConfig | None = None,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
) -> Chat:
    args = ChatArgs(
        namespace="chat",
        api_url=api_url,
        web=web or WebConfig(),
        api=api or ApiConfig(),
        crawler=crawler or CrawlerConfig(),
        secrets=secrets or {},
        timeout_s=TIMEOUT_S,
    )
    return Chat("c", args, cluster)
