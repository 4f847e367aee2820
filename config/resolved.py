"""Stack: the resolved config. One section for each part of the program, with all references resolved to names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from config.base import Fields
from config.cert_manager import CertManagerConfig, IssuerConfig
from config.envoy_gateway import EnvoyGatewayConfig
from config.gateway import ListenerConfig, ServingConfig
from config.objects import ObjectConfig
from config.request_tests import RequestTestConfig
from config.route_forms import RouteForm
from config.routes import TargetConfig
from config.stack import StackConfig
from config.values import Ownership
from config.workloads import ApiConfig, AppConfig, CrawlerConfig, ExtraAppConfig, WebConfig
from diagnostics import Path
from diagnostics.source import derived
from gatewayapi.kinds import ROUTES, PolicyKind, RouteKind, route_kinds
from kube.json_paths import children
from kube.manifest import ObjectName
from kube.read import values
from releases import ENVOY, LOCAL_CONTEXT, by_tag, envoy_image, mirrored


@dataclass(frozen=True, kw_only=True)
class PlatformSettings:
    """CRDs, controller and GatewayClass, and cert-manager."""

    ownership: Ownership
    envoy_gateway: EnvoyGatewayConfig
    cert_manager: CertManagerConfig
    class_name: str
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class ChatSettings:
    """The chat's namespace, Secrets and workloads."""

    namespace: str
    protect: bool
    """Whether Pulumi refuses to delete the namespace."""
    default_deny: bool
    """Whether NetworkPolicies deny all traffic in the namespace that no other policy allows."""
    api_url: str
    """Public URL of the API: the page calls it from the browser."""
    web: WebConfig
    api: ApiConfig
    crawler: CrawlerConfig
    secrets: Mapping[str, Mapping[str, str]]
    """Contents of the namespace's Secrets, by name."""
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """One Gateway."""

    name: str
    class_name: str
    keys: ServingConfig
    listeners: Sequence[ListenerConfig]
    """All listeners, including those that follow from `https` and from the routes' host names."""
    hostnames: Sequence[str]
    """Host names that it serves, wildcards included: the program issues certificates for them."""
    envoy_image: str | None
    """Image of Envoy; None leaves the choice to Envoy Gateway."""
    protect: bool
    """Whether Pulumi refuses to delete or replace it."""
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class IssuerSettings:
    """One issuer of cert-manager."""

    name: str
    keys: IssuerConfig
    listeners: Mapping[str, str]
    """HTTP listener of each Gateway, by the Gateway's name: ACME challenges come through them."""
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class RouteSettings:
    """One route."""

    key: str
    """Name of its key in the config."""
    name: str
    """Name of the object."""
    path: Path
    """Place in the config."""
    name_path: Path
    """Place in the config of the object's name."""
    kind: RouteKind = "HTTPRoute"
    gateway: str
    listeners: Sequence[str] = ()
    """Names of listeners; empty for the Gateway's default ones."""
    fields: Fields
    """Fields of its spec. `workload: NAME` in a `backendRefs` stands for the workload's Service."""
    forms: Sequence[tuple[RouteForm, object]] = ()
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class PolicySettings:
    """One policy."""

    name: str
    path: Path
    kind: PolicyKind
    targets: Sequence[TargetConfig]
    targets_path: Path
    """Place in the config of `targets`, or of the policy when it has the default target."""
    fields: Fields
    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class RequestTestSettings:
    """One request that the stack promises to answer."""

    name: str
    keys: RequestTestConfig
    url: str
    """The whole URL of the request."""
    backend: ObjectName | None
    """The object that must get the request; None if Envoy itself must answer."""


@dataclass(frozen=True, kw_only=True)
class WorkloadTraffic:
    """The connections of one workload, as its NetworkPolicy needs them."""

    name: str
    path: Path
    """Place of the workload in the config."""
    keys: AppConfig
    calls: frozenset[str]
    """Workloads that it connects to."""
    is_exposed: bool
    """Whether a route or policy sends it requests."""


@dataclass(frozen=True)
class Stack:
    """A stack's config, section by section."""

    config: StackConfig
    _calls: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"api": ("crawler",)})

    @property
    def context(self) -> str:
        return self.config.context

    @property
    def adopt(self) -> Sequence[str]:
        """Patterns of the objects that the stack may take over."""
        return self.config.adopt

    @property
    def require_digests(self) -> bool:
        return self.config.require_digests

    @property
    def protect(self) -> bool:
        """Whether Pulumi refuses to delete what holds data or an address."""
        return self.config.protect

    @property
    def timeout_s(self) -> int:
        """Time for each object to become ready."""
        return self.config.timeout_seconds

    @property
    def platform(self) -> PlatformSettings:
        return PlatformSettings(
            ownership=self.config.platform,
            envoy_gateway=self.config.envoy_gateway,
            cert_manager=self.config.cert_manager,
            class_name=self.config.gateway.class_name,
            timeout_s=self.timeout_s,
        )

    @property
    def chat(self) -> ChatSettings:
        return ChatSettings(
            namespace=self.config.namespace,
            protect=self.protect,
            default_deny=self.config.network_policy,
            api_url=self.urls["api"],
            web=self.config.web,
            api=self.config.api,
            crawler=self.config.crawler,
            secrets=self.config.secrets,
            timeout_s=self.timeout_s,
        )

    @property
    def gateways(self) -> list[GatewaySettings]:
        """All Gateways, the chat's own first."""
        return [self._gateway(name, keys) for name, keys in self.config.all_gateways.items()]

    @property
    def issuers(self) -> list[IssuerSettings]:
        listeners = {name: gateway.listener for name, gateway in self.config.all_gateways.items()}
        return [
            IssuerSettings(name=name, keys=keys, listeners=listeners, timeout_s=self.timeout_s)
            for name, keys in self.config.issuers.items()
        ]

    @property
    def apps(self) -> Mapping[str, ExtraAppConfig]:
        """Apps beside the chat, by name."""
        return self.config.apps

    @property
    def objects(self) -> Sequence[ObjectConfig]:
        return self.config.objects

    @property
    def routes(self) -> list[RouteSettings]:
        """All routes: those of the chat's page and API, then those of `routes`."""
        chat = [self._chat_route("web", self.config.web), self._chat_route("api", self.config.api)]
        extra = [
            RouteSettings(
                key=name,
                name=name,
                path=keys.at(),
                name_path=keys.at(),
                kind=keys.kind,
                gateway=self.config.gateway_of(keys),
                listeners=keys.listeners,
                fields=keys.fields,
                forms=keys.forms,
                timeout_s=self.timeout_s,
            )
            for name, keys in self.config.routes.items()
        ]
        return [*chat, *extra]

    @property
    def policies(self) -> list[PolicySettings]:
        return [
            PolicySettings(
                name=name,
                path=keys.at(),
                kind=keys.kind,
                targets=keys.own_targets,
                targets_path=keys.at("targets") if keys.has("targets") else keys.at(),
                fields=keys.fields,
                timeout_s=self.timeout_s,
            )
            for name, keys in self.config.policies.items()
        ]

    @property
    def tests(self) -> list[RequestTestSettings]:
        return [
            RequestTestSettings(name=name, keys=keys, url=self._url(keys), backend=self._backend(keys.backend))
            for name, keys in self.config.tests.items()
        ]

    @property
    def traffic(self) -> list[WorkloadTraffic]:
        """The connections of every workload."""
        exposed = {"web", "api", *self._exposed_by_reference()}
        return [
            WorkloadTraffic(
                name=name,
                path=("apps", name) if name in self.config.apps else (name,),
                keys=keys,
                calls=frozenset({*self._calls.get(name, ()), *keys.calls}),
                is_exposed=name in exposed,
            )
            for name, keys in self.config.workloads.items()
        ]

    @property
    def urls(self) -> dict[str, str]:
        """Public URLs by name of the workload."""
        paths = {name: app.path.rstrip("/") for name, app in self.config.apps.items()}
        hosts = self.config.exposed_hosts
        return {name: self.config.gateway.url(host) + paths.get(name, "") for name, host in hosts.items()}

    @property
    def is_self_signed(self) -> bool:
        """Whether a workload is served with a certificate that clients do not trust by default."""
        untrusted = [name for name, issuer in self.config.issuers.items() if issuer.self_signed_ca]
        used = [self.config.gateway.secure(host) for host in self.config.exposed_hosts.values()]
        return any(listener is not None and (listener.self_signed or listener.issuer in untrusted) for listener in used)

    @property
    def versions(self) -> dict[str, str]:
        """Images of the workloads, and the release of Envoy Gateway and Envoy."""
        images = {name: keys.image for name, keys in self.config.workloads.items()}
        image = self._envoy_image(self.config.gateway)
        envoy = {"envoy": image} if image else {}
        return {**images, "envoyGateway": self.config.envoy_gateway.version, **envoy}

    def _gateway(self, name: str, keys: ServingConfig) -> GatewaySettings:
        served_by_https = self._hostnames(name, route_kinds("HTTPS"))
        return GatewaySettings(
            name=name,
            class_name=getattr(keys, "class_name", None) or self.config.gateway.class_name,
            keys=keys,
            listeners=keys.served(served_by_https),
            hostnames=self._hostnames(name, ROUTES),
            envoy_image=self._envoy_image(keys),
            protect=self.protect,
            timeout_s=self.timeout_s,
        )

    def _url(self, test: RequestTestConfig) -> str:
        if not test.is_path:
            return test.url
        if test.hostname is not None:
            return f"{self.config.gateway.url(test.hostname)}{test.url}"
        return f"{self.urls[test.backend or '']}{test.url}"

    def _backend(self, name: str | None) -> ObjectName | None:
        """The Service of a workload, or the object with this path."""
        if name is None:
            return None
        workload = self.config.workloads.get(name)
        if workload is None:
            return ObjectName.from_path(name)
        return ObjectName("", "Service", self.config.namespace, workload.service_name or name)

    def _hostnames(self, gateway: str, kinds: Sequence[RouteKind]) -> tuple[str, ...]:
        """Host names that a Gateway serves by routes of these kinds, wildcards included."""
        found = list(self.config.exposed_hosts.values()) if gateway == self.config.gateway.name else []
        for route in self.config.routes.values():
            if self.config.gateway_of(route) == gateway and route.kind in kinds:
                found += values(route.fields, "hostnames")
        listeners = self.config.all_gateways[gateway].listeners
        found += [listener.hostname for listener in listeners if listener.hostname]
        return tuple(dict.fromkeys(map(str, found)))

    def _envoy_image(self, gateway: ServingConfig) -> str | None:
        registry = self.config.envoy_gateway.registry
        released = envoy_image(self.config.envoy_gateway.version) or (ENVOY if registry else None)
        if gateway.envoy_image or released is None:
            return gateway.envoy_image
        image = mirrored(released, registry)
        return by_tag(image) if self.context == LOCAL_CONTEXT else image

    def _chat_route(self, key: str, keys: WebConfig | ApiConfig) -> RouteSettings:
        rule = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [{"workload": key}]}
        return RouteSettings(
            key=key,
            name=keys.route_name,
            path=keys.at(),
            name_path=keys.at("routeName"),
            gateway=self.config.gateway.name,
            fields={
                "hostnames": derived(keys.at("hostname"), [keys.hostname]),
                "rules": derived(keys.at(), [rule]),
            },
            timeout_s=self.timeout_s,
        )

    def _exposed_by_reference(self) -> Iterator[str]:
        """Workloads that routes, policies and objects name, directly or by their Services."""
        services = {keys.service_name or name: name for name, keys in self.config.workloads.items()}
        for route in self.config.routes.values():
            for form, value in route.forms:
                yield from form.workloads(value).values()
        sections = (*self.config.routes.values(), *self.config.policies.values(), *self.config.objects)
        for ref in _backend_refs([section.fields for section in sections]):
            name = ref.get("workload") or services.get(str(ref.get("name")))
            if isinstance(name, str):
                yield name


def _backend_refs(value: Any) -> Iterator[Mapping[str, Any]]:
    for step, child in children(value):
        if step in ("backendRef", "backendRefs"):
            refs = cast(list[Any], child) if isinstance(child, list) else [child]
            yield from (cast(Mapping[str, Any], ref) for ref in refs if isinstance(ref, Mapping))
        yield from _backend_refs(child)
