"""SynergyChat behind Envoy Gateway: what a stack consists of."""

import pulumi

import config
from components import (
    Access,
    Chat,
    ChatArgs,
    Configured,
    ConfiguredArgs,
    Declared,
    EnvoyGatewayArgs,
    Gateway,
    GatewayArgs,
    NetworkPolicies,
    NetworkPoliciesArgs,
    Platform,
    Route,
    RouteArgs,
    connect,
    declared_by,
    load_release,
    release_of_cert_manager,
    rely,
    verify,
)
from components.gateway.issuers import issuers
from diagnostics.exit import end_quietly_when_cancelled

end_quietly_when_cancelled()
cfg = config.load()
manifest = load_release(cfg.envoy_gateway, cfg.platform)
declared = Declared.recorded()
cluster = pulumi.ResourceOptions(providers=[connect("cluster", cfg.context)])
limit = cfg.timeout_seconds

envoy_gateway = EnvoyGatewayArgs(manifest=manifest, protect=cfg.envoy_gateway.protect, timeout_s=limit)
cert_manager = release_of_cert_manager(cfg.cert_manager)
platform = Platform.of("envoy-gateway", cfg.platform, envoy_gateway, cert_manager, cluster)
chat = Chat(
    "synergychat",
    ChatArgs(
        namespace=cfg.namespace,
        default_deny=cfg.network_policy,
        api_url=cfg.urls["api"],
        web=cfg.web,
        api=cfg.api,
        crawler=cfg.crawler,
        secrets=cfg.secrets,
        timeout_s=limit,
    ),
    cluster,
)
with declared_by("gateway"):
    gateway = Gateway(
        "gateway",
        GatewayArgs(
            name=cfg.gateway.name,
            class_name=cfg.gateway.class_name,
            settings=cfg.gateway,
            listeners=cfg.listeners_of(cfg.gateway.name),
            hostnames=cfg.hostnames_of(cfg.gateway.name),
            envoy_image=cfg.envoy_image,
            namespace=chat.namespace,
            platform=platform,
            issuers=issuers(cfg, chat.namespace, platform, cluster),
            timeout_s=limit,
        ),
        cluster,
    )
NetworkPolicies(
    "network-policies",
    NetworkPoliciesArgs(settings=cfg, gateway=gateway, names=chat.names, calls=chat.calls),
    cluster,
)
with declared_by("web"):
    web = Route("web", RouteArgs.of_host(cfg.web, gateway, chat.web, limit), cluster)
with declared_by("api"):
    api = Route("api", RouteArgs.of_host(cfg.api, gateway, chat.api, limit), cluster)
Configured(
    "configured",
    ConfiguredArgs(
        settings=cfg,
        gateway=gateway,
        secrets=chat.secrets,
        backends=chat.backends,
        routes={cfg.web.route_name: web, cfg.api.route_name: api},
    ),
    cluster,
)

access = Access(urls=cfg.urls, address=gateway.address, self_signed=cfg.self_signed)
pulumi.export("namespace", chat.namespace.name)
pulumi.export("urls", access.urls)
pulumi.export("gatewayAddress", access.address)
pulumi.export("hostsLines", access.hosts_lines)
pulumi.export("tryIt", access.try_it)
pulumi.export("versions", cfg.versions | {"envoyGatewayManifest": manifest.sha256})

verify(declared, platform, require_digests=cfg.require_digests)
rely(platform, declared, cfg.context, cfg.gateway.class_name)
