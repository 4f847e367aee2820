"""SynergyChat behind Envoy Gateway: what a stack consists of."""

import pulumi

import config
from components import (
    Access,
    Chat,
    ChatArgs,
    EnvoyGateway,
    EnvoyGatewayArgs,
    Gateway,
    GatewayArgs,
    HttpRoute,
    HttpRouteArgs,
    connect,
    release,
)
from stop import end_quietly_when_cancelled

end_quietly_when_cancelled()
cfg = config.load()
manifest = release(cfg.envoy_gateway)
cluster = pulumi.ResourceOptions(providers=[connect("cluster", cfg.context)])
limit = cfg.timeout_seconds

envoy = EnvoyGateway("envoy-gateway", EnvoyGatewayArgs(manifest=manifest, timeout_s=limit), cluster)
chat = Chat(
    "synergychat",
    ChatArgs(
        namespace=cfg.namespace, api_url=cfg.urls["api"], web=cfg.web, api=cfg.api, crawler=cfg.crawler, timeout_s=limit
    ),
    cluster,
)
gateway = Gateway(
    "gateway",
    GatewayArgs(
        settings=cfg.gateway,
        envoy_image=cfg.envoy_image,
        namespace=chat.namespace,
        envoy_gateway=envoy,
        timeout_s=limit,
    ),
    cluster,
)
web_args = HttpRouteArgs(settings=cfg.web, gateway=gateway, backend=chat.web, timeout_s=limit)
api_args = HttpRouteArgs(settings=cfg.api, gateway=gateway, backend=chat.api, timeout_s=limit)
HttpRoute("web", web_args, cluster)
HttpRoute("api", api_args, cluster)

access = Access(urls=cfg.urls, address=gateway.address)
pulumi.export("namespace", chat.namespace)
pulumi.export("urls", access.urls)
pulumi.export("gatewayAddress", access.address)
pulumi.export("hostsLines", access.hosts_lines)
pulumi.export("tryIt", access.try_it)
pulumi.export("versions", cfg.versions | {"envoyGatewayManifest": manifest.sha256})
