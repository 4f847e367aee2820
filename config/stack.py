"""All keys of a stack."""

from pydantic import Field

from config.cert_manager import CertManagerConfig
from config.gateway import EnvoyGatewayConfig, GatewayConfig
from config.given import items
from config.objects import ObjectConfig
from config.routes import PolicyConfig, RouteConfig
from config.section import Section
from config.values import Label, Seconds, ServiceName, Subdomain, Text
from config.workloads import ApiConfig, CrawlerConfig, FurtherAppConfig, WebConfig
from releases import ENVOY_IMAGES


class StackConfig(Section):
    """Everything that a stack can say. Immutable; every value is checked."""

    context: Text = Field(
        description="The kubeconfig context to deploy to. Required: the current context is never used."
    )
    namespace: Label = Field(default="synergychat", description="Namespace of the chat, its Gateway and its routes.")
    timeout_seconds: Seconds = Field(
        default=120, description="How long each object may take to become ready before `pulumi up` fails, naming it."
    )
    envoy_gateway: EnvoyGatewayConfig = Field(default=EnvoyGatewayConfig(), description="The gateway's controller.")
    gateway: GatewayConfig = Field(default=GatewayConfig(), description="The Gateway, and how it is reached.")
    cert_manager: CertManagerConfig = Field(
        default=CertManagerConfig(), description="cert-manager, which has certificates issued and renewed."
    )
    web: WebConfig = Field(default=WebConfig(), description="The chat's page.")
    api: ApiConfig = Field(default=ApiConfig(), description="The chat's API.")
    crawler: CrawlerConfig = Field(
        default=CrawlerConfig(), description="The crawler, which answers `/stats` in the chat."
    )

    apps: dict[ServiceName, FurtherAppConfig] = Field(default={}, description="Further apps beside the chat, by name.")
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
        description="Any other Kubernetes objects, in wire form; those of the release's kinds are checked.",
    )

    @property
    def hostnames(self) -> tuple[str, ...]:
        """All that the stack answers to, wildcards among them."""
        given = [name for route in self.routes.values() for name in items(route.fields.get("hostnames"))]
        given += [listener.hostname for listener in self.gateway.listeners if listener.hostname]
        own = [self.web.hostname, self.api.hostname, *self.exposed.values()]
        return tuple(dict.fromkeys([*own, *map(str, given)]))

    @property
    def exposed(self) -> dict[str, str]:
        """Host names of the apps beside the chat that the gateway serves, by name."""
        return {name: app.hostname for name, app in self.apps.items() if app.hostname is not None}

    @property
    def self_signed(self) -> bool:
        """Whether an app is served with a certificate that no client trusts by itself."""
        names = (self.web.hostname, self.api.hostname, *self.exposed.values())
        used = map(self.gateway.secure, names)
        own_authority = self.cert_manager.issuer == "selfSignedCa"
        return any(each is not None and (each.self_signed or (each.issued and own_authority)) for each in used)

    @property
    def envoy_image(self) -> str | None:
        """Image of the Envoys; None leaves it to the release."""
        return self.gateway.envoy_image or ENVOY_IMAGES.get(self.envoy_gateway.version)

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
