"""All keys of a stack."""

from collections.abc import Collection

from pydantic import Field

from config.base import Section
from config.cert_manager import CertManagerConfig, IssuerConfig
from config.envoy_gateway import EnvoyGatewayConfig
from config.gateway import FurtherGatewayConfig, GatewayConfig, ListenerConfig, ServingConfig
from config.objects import ObjectConfig
from config.raw import items
from config.routes import PolicyConfig, RouteConfig
from config.values import Label, Ownership, Seconds, ServiceName, Subdomain, Text
from config.workloads import ApiConfig, AppConfig, CrawlerConfig, FurtherAppConfig, WebConfig
from gatewayapi.kinds import ROUTES, RouteKind, carried
from releases import ENVOY, ENVOY_IMAGES, mirrored


class StackConfig(Section):
    """Everything that a stack can say. Immutable; every value is checked."""

    context: Text = Field(
        description="The kubeconfig context to deploy to. Required: the current context is never used."
    )
    namespace: Label = Field(default="synergychat", description="Namespace of the chat, its Gateway and its routes.")
    platform: Ownership = Field(
        default="managed",
        description="Whose the CRDs, the controller and the GatewayClass are: the stack's own, or others', of which "
        "`envoyGateway` says the release and the namespace.",
    )
    require_digests: bool = Field(
        default=False,
        description="Whether every image must be named by its digest: a tag may be another image tomorrow.",
    )
    timeout_seconds: Seconds = Field(
        default=120, description="How long each object may take to become ready before `pulumi up` fails, naming it."
    )
    envoy_gateway: EnvoyGatewayConfig = Field(default=EnvoyGatewayConfig(), description="The gateway's controller.")
    gateway: GatewayConfig = Field(default=GatewayConfig(), description="The Gateway, and how it is reached.")
    gateways: dict[Label, FurtherGatewayConfig] = Field(
        default={}, description="Further Gateways in the chat's namespace, by name, each with Envoys of its own."
    )
    cert_manager: CertManagerConfig = Field(
        default=CertManagerConfig(), description="cert-manager, which has certificates issued and renewed."
    )
    issuers: dict[Label, IssuerConfig] = Field(
        default={},
        description="Issuers of cert-manager in the chat's namespace, by name, for the `issuer` of listeners.",
    )
    web: WebConfig = Field(default=WebConfig(), description="The chat's page.")
    api: ApiConfig = Field(default=ApiConfig(), description="The chat's API.")
    crawler: CrawlerConfig = Field(
        default=CrawlerConfig(), description="The crawler, which answers `/stats` in the chat."
    )

    apps: dict[ServiceName, FurtherAppConfig] = Field(default={}, description="Further apps beside the chat, by name.")
    network_policy: bool = Field(
        default=True,
        description="Whether connections in the chat's namespace are refused that nothing asks for. The cluster's CNI "
        "plugin has to enforce NetworkPolicies.",
    )
    routes: dict[Subdomain, RouteConfig] = Field(
        default={}, description="Further routes, by name. `workload: NAME` in a `backendRefs` stands for its Service."
    )
    policies: dict[Subdomain, PolicyConfig] = Field(
        default={}, description="How Envoy treats the traffic, by name of the policy."
    )
    secrets: dict[Subdomain, dict[Text, str]] = Field(
        default={},
        description="Secrets in the chat's namespace, by name, for workloads, listeners, routes and policies: "
        "`pulumi config set --secret --path 'synergychat:secrets.users[\".htpasswd\"]' VALUE`.",
    )
    objects: tuple[ObjectConfig, ...] = Field(
        default=(),
        description="Any other Kubernetes objects, in wire form; those of Kubernetes' and the "
        "release's kinds are checked.",
    )

    @property
    def all_gateways(self) -> dict[str, ServingConfig]:
        """By name; the chat's own first."""
        return {self.gateway.name: self.gateway, **self.gateways}

    def hostnames_of(self, gateway: str, kinds: Collection[RouteKind] = ROUTES) -> tuple[str, ...]:
        """All that the Gateway of this name answers to by routes of these kinds, wildcards among them."""
        own = self.gateway.name
        given = [self.web.hostname, self.api.hostname, *self.exposed.values()] if gateway == own else []
        for route in self.routes.values():
            if (route.gateway or own) == gateway and route.kind in kinds:
                given += items(route.fields.get("hostnames"))
        given += [listener.hostname for listener in self.all_gateways[gateway].listeners if listener.hostname]
        return tuple(dict.fromkeys(map(str, given)))

    def listeners_of(self, gateway: str) -> tuple[ListenerConfig, ...]:
        """Of the Gateway of this name, those that follow from its routes' host names among them."""
        return self.all_gateways[gateway].served(self.hostnames_of(gateway, carried("HTTPS")))

    @property
    def workloads(self) -> dict[str, AppConfig]:
        """The chat's and the further ones, by name."""
        return {"web": self.web, "api": self.api, "crawler": self.crawler, **self.apps}

    @property
    def exposed(self) -> dict[str, str]:
        """Host names of the apps beside the chat that the gateway serves, by name."""
        return {name: app.hostname for name, app in self.apps.items() if app.hostname is not None}

    @property
    def self_signed(self) -> bool:
        """Whether an app is served with a certificate that no client trusts by itself."""
        names = (self.web.hostname, self.api.hostname, *self.exposed.values())
        used = map(self.gateway.secure, names)
        untrusted = [name for name, issuer in self.issuers.items() if issuer.self_signed_ca]
        return any(each is not None and (each.self_signed or each.issuer in untrusted) for each in used)

    @property
    def envoy_image(self) -> str | None:
        """Image of the chat's Envoys; None leaves it to the release."""
        return self.envoy_image_of(self.gateway)

    def envoy_image_of(self, gateway: ServingConfig) -> str | None:
        registry = self.envoy_gateway.registry
        released = ENVOY_IMAGES.get(self.envoy_gateway.version) or (ENVOY if registry else None)
        return gateway.envoy_image or (mirrored(released, registry) if released else None)

    @property
    def urls(self) -> dict[str, str]:
        """By name of the app."""
        further = {
            name: self.gateway.url(host) + self.apps[name].path.rstrip("/") for name, host in self.exposed.items()
        }
        return {"web": self.gateway.url(self.web.hostname), "api": self.gateway.url(self.api.hostname), **further}

    @property
    def versions(self) -> dict[str, str]:
        apps = {"web": self.web.image, "api": self.api.image, "crawler": self.crawler.image}
        apps |= {name: app.image for name, app in self.apps.items()}
        envoy = {"envoy": self.envoy_image} if self.envoy_image else {}
        return {**apps, "envoyGateway": self.envoy_gateway.version, **envoy}
