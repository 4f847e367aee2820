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
    EnvoyGateway,
    EnvoyGatewayArgs,
    Gateway,
    GatewayArgs,
    Route,
    RouteArgs,
    connect,
    declared_by,
    issuing,
    release,
    verify,
)
from stop import end_quietly_when_cancelled

end_quietly_when_cancelled()
cfg = config.load()
manifest = release(cfg.envoy_gateway)
declared = Declared.recorded()
cluster = pulumi.ResourceOptions(providers=[connect("cluster", cfg.context)])
limit = cfg.timeout_seconds

envoy = EnvoyGateway("envoy-gateway", EnvoyGatewayArgs(manifest=manifest, timeout_s=limit), cluster)
chat = Chat(
    "synergychat",
    ChatArgs(
        namespace=cfg.namespace,
        api_url=cfg.urls["api"],
        web=cfg.web,
        api=cfg.api,
        crawler=cfg.crawler,
        secrets=cfg.secrets,
        timeout_s=limit,
    ),
    cluster,
)
issued = issuing(cfg.cert_manager, cfg.gateway, chat.namespace, envoy, limit, cluster)
with declared_by("gateway"):
    gateway = Gateway(
        "gateway",
        GatewayArgs(
            settings=cfg.gateway,
            hostnames=cfg.hostnames,
            envoy_image=cfg.envoy_image,
            namespace=chat.namespace,
            issuing=issued,
            envoy_gateway=envoy,
            timeout_s=limit,
        ),
        cluster,
    )
web = Route("web", RouteArgs.of_host(cfg.web, gateway, chat.web, limit), cluster)
api = Route("api", RouteArgs.of_host(cfg.api, gateway, chat.api, limit), cluster)
Configured(
    "configured",
    ConfiguredArgs(
        settings=cfg,
        gateway=gateway,
        secrets=chat.secrets,
        backends=chat.backends,
        issuing=issued,
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

verify(declared, manifest, issued.crds)
