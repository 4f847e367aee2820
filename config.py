"""A stack's config: read once, checked as a whole. `python -m reference` writes its reference, docs/config.md."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast, get_args, get_origin

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from checks.graph.hostnames import intersection
from kinds import PolicyKind, RouteKind
from rules import (
    ENVOY_IMAGES,
    AppName,
    Exposure,
    Hostname,
    Image,
    Keyword,
    Label,
    NodePort,
    Percent,
    Port,
    Protocol,
    Replicas,
    Seconds,
    ServiceName,
    Sha256,
    Subdomain,
    Text,
    Version,
)
from stop import stop


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)


Fields = dict[str, Any]
"""In wire form, as Gateway API, Envoy Gateway or Kubernetes have them. The schemas of the release check them."""


class OpenSection(Section):
    """Keys of its own, and beside them the fields of an object, in wire form."""

    model_config = ConfigDict(extra="allow")

    @property
    def fields(self) -> Fields:
        return dict(self.model_extra or {})


class EnvoyGatewayConfig(Section):
    version: Version = Field(default="1.9.1", description="Release of Envoy Gateway to install.")
    manifest: Text | None = Field(
        default=None,
        description="Where its objects come from: a URL, a file, or the directory of its Helm chart (rendered with the "
        "`helm` on the PATH). Not set: the release's own install.yaml.",
    )
    sha256: tuple[Sha256, ...] = Field(
        default=(),
        description="Accepted SHA-256 sums of that manifest. A download must match one of them; a file or a chart must "
        "where any is given. More than one, because the same release can be had as different bytes: downloaded, or "
        "rendered from its chart where its host cannot be reached.",
    )
    namespace: Label = Field(
        default="envoy-gateway-system", description="Namespace of the controller and of its Envoys."
    )
    config: Fields = Field(
        default={},
        description="Fields of the controller's own configuration, laid over the release's: `extensionApis`, "
        "`logging`, `rateLimit`. Another value restarts the controller.",
    )


class ListenerConfig(OpenSection):
    """A listener of the Gateway, as https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/#listener has it."""

    name: Label = Field(description="Its name.")
    protocol: Protocol = Field(description="What it speaks.")
    port: Port = Field(description="Port that it serves.")
    self_signed: bool = Field(
        default=False, description="Whether the program makes its certificate, for every host name of the stack."
    )

    @property
    def hostname(self) -> str:
        """Empty for any."""
        return str(self.fields.get("hostname", ""))


class GatewayConfig(Section):
    class_name: Subdomain = Field(default="app-gatewayclass", description="Name of the GatewayClass.")
    name: Label = Field(default="app-gateway", description="Name of the Gateway.")
    listener: Label = Field(default="http", description="Name of its listener.")
    port: Port = Field(default=80, description="Port that the listener serves.")
    exposure: Exposure = Field(
        default="LoadBalancer",
        description="How clients reach Envoy: an address from a load balancer, a port of every node, or from inside "
        "the cluster only.",
    )
    node_port: NodePort | None = Field(
        default=None, description="The port of every node; needed with exposure NodePort, and only there."
    )
    envoy_image: Image | None = Field(
        default=None,
        description="Image of the Envoys that carry the traffic. Not set: the one that the release was made with.",
    )
    listeners: tuple[ListenerConfig, ...] = Field(default=(), description="Further listeners.")
    redirect_to_https: bool = Field(
        default=False, description="Whether HTTP only redirects to HTTPS, and routes are for the other listeners."
    )
    annotations: dict[str, str] = Field(
        default={}, description="Annotations of the Gateway, such as `cert-manager.io/cluster-issuer`."
    )
    spec: Fields = Field(default={}, description="Further fields of the Gateway's spec: `addresses`, `infrastructure`.")
    proxy: Fields = Field(
        default={}, description="Fields of the EnvoyProxy's spec, laid over what the program sets in it."
    )

    @property
    def all_listeners(self) -> tuple[ListenerConfig, ...]:
        """Those of `listeners` first: a place among all is then a place in the config."""
        return *self.listeners, ListenerConfig(name=self.listener, protocol="HTTP", port=self.port)

    def secure(self, hostname: str) -> ListenerConfig | None:
        """The first listener by which this name is served with HTTPS."""
        secure = (each for each in self.listeners if each.protocol == "HTTPS")
        return next((each for each in secure if intersection(each.hostname, [hostname])), None)

    @property
    def secure_port(self) -> int | None:
        """The port of the first listener for HTTPS."""
        return next((listener.port for listener in self.listeners if listener.protocol == "HTTPS"), None)


class AppConfig(Section):
    image: Image
    replicas: Replicas = Field(default=1, description="Number of pods.")
    port: Port = Field(default=8080, description="Port that its process listens on.")
    service_name: ServiceName
    service_port: Port = Field(default=80, description="Port of its Service.")


class WebConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-web:latest", description="Image of the chat's page.")
    hostname: Hostname = Field(default="synchat.internal", description="Host name of the page.")
    route_name: Subdomain = Field(default="web-httproute", description="Name of its HTTPRoute.")
    service_name: ServiceName = Field(default="web-service", description="Name of its Service.")


class ApiConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-api:latest", description="Image of the chat's API.")
    hostname: Hostname = Field(
        default="synchatapi.internal", description="Host name of the API; the page learns its URL from it."
    )
    route_name: Subdomain = Field(default="api-httproute", description="Name of its HTTPRoute.")
    service_name: ServiceName = Field(default="api-service", description="Name of its Service.")


class CrawlerConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-crawler:latest", description="Image of the crawler.")
    service_name: ServiceName = Field(default="crawler-service", description="Name of its Service.")
    keywords: tuple[Keyword, ...] = Field(
        default=("love", "hate", "joy", "sadness", "anger", "disgust", "fear", "surprise"),
        description="Words that it counts.",
        min_length=1,
    )


class CanaryConfig(Section):
    stable: AppName = Field(description="The workload that gets all other requests.")
    next: AppName = Field(description="The workload that gets `percent` of a hundred requests.")
    percent: Percent = Field(description="How many.")


class RouteConfig(OpenSection):
    """A route, as https://gateway-api.sigs.k8s.io/concepts/api-overview/#route-resources has it."""

    kind: RouteKind = Field(default="HTTPRoute", description="Kind of the route.")
    listeners: tuple[Label, ...] = Field(
        default=(),
        description="Names of the listeners that serve it. None: all that can, but those that only redirect.",
    )
    backend: AppName | None = Field(
        default=None, description="The workload that all requests go to, instead of `rules`."
    )
    canary: CanaryConfig | None = Field(
        default=None, description="Two workloads that share the requests, instead of `rules`."
    )
    maintenance: Text | None = Field(
        default=None, description="The answer to every request, with the status 503, instead of `rules`."
    )


class TargetConfig(Section):
    route: Subdomain | None = Field(default=None, description="Name of a route. Not set: the Gateway.")
    section: Label | None = Field(
        default=None, description="Name of one listener of the Gateway, or one rule of the route."
    )


_WIRE_TARGETS = {"targetRef", "targetRefs", "targetSelectors"}


class PolicyConfig(OpenSection):
    """A policy, as https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/ has it."""

    kind: PolicyKind = Field(description="Kind of the policy.")
    targets: tuple[TargetConfig, ...] = Field(
        default=(TargetConfig(),), description="What it is for: routes, or the Gateway, as a whole or by `section`."
    )

    @property
    def own_targets(self) -> tuple[TargetConfig, ...]:
        """None where the fields say themselves what the policy is for."""
        return () if _WIRE_TARGETS & self.fields.keys() else self.targets


class MetadataConfig(OpenSection):
    name: Text = Field(description="Its name.")
    namespace: Label | None = Field(default=None, description="Its namespace, where its kind has one.")
    labels: dict[str, str] = Field(default={}, description="Its labels.")
    annotations: dict[str, str] = Field(default={}, description="Its annotations.")


class ObjectConfig(OpenSection):
    """Any Kubernetes object."""

    api_version: Text = Field(description="Group and version of its kind, such as `gateway.envoyproxy.io/v1alpha1`.")
    kind: Text = Field(description="Its kind.")
    metadata: MetadataConfig = Field(description="What tells it from others.")

    @property
    def wire(self) -> Fields:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


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
    web: WebConfig = Field(default=WebConfig(), description="The chat's page.")
    api: ApiConfig = Field(default=ApiConfig(), description="The chat's API.")
    crawler: CrawlerConfig = Field(
        default=CrawlerConfig(), description="The crawler, which answers `/stats` in the chat."
    )

    routes: dict[Subdomain, RouteConfig] = Field(
        default={}, description="Further routes, by name. `workload: NAME` in a `backendRefs` stands for its Service."
    )
    policies: dict[Subdomain, PolicyConfig] = Field(
        default={}, description="How Envoy treats the traffic, by name of the policy."
    )
    secrets: dict[Subdomain, dict[Text, str]] = Field(
        default={},
        description="Secrets in the chat's namespace, by name, for listeners, routes and policies: "
        "`pulumi config set --secret --path 'synergychat:secrets.users[\".htpasswd\"]' VALUE`.",
    )
    objects: tuple[ObjectConfig, ...] = Field(
        default=(),
        description="Any other Kubernetes objects, in wire form; those of the release's kinds are checked.",
    )

    @property
    def hostnames(self) -> tuple[str, ...]:
        """All that the stack answers to, wildcards among them."""
        given = [name for route in self.routes.values() for name in _items(route.fields.get("hostnames"))]
        given += [listener.hostname for listener in self.gateway.listeners if listener.hostname]
        return tuple(dict.fromkeys([self.web.hostname, self.api.hostname, *map(str, given)]))

    @property
    def self_signed(self) -> bool:
        """Whether the chat is served with a certificate that no client trusts by itself."""
        used = (self.gateway.secure(each.hostname) for each in (self.web, self.api))
        return any(listener is not None and listener.self_signed for listener in used)

    @property
    def envoy_image(self) -> str | None:
        """Image of the Envoys; None leaves it to the release."""
        return self.gateway.envoy_image or ENVOY_IMAGES.get(self.envoy_gateway.version)

    @property
    def urls(self) -> dict[str, str]:
        return {"web": self._url(self.web.hostname), "api": self._url(self.api.hostname)}

    @property
    def versions(self) -> dict[str, str]:
        apps = {"web": self.web.image, "api": self.api.image, "crawler": self.crawler.image}
        envoy = {"envoy": self.envoy_image} if self.envoy_image else {}
        return {"envoyGateway": self.envoy_gateway.version, **envoy, **apps}

    def _url(self, hostname: str) -> str:
        secure = self.gateway.secure(hostname)
        if secure is not None:
            return f"https://{hostname}" + ("" if secure.port == 443 else f":{secure.port}")
        port = self.gateway.node_port or self.gateway.port
        return f"http://{hostname}" + ("" if port == 80 else f":{port}")


_SHOWN = (
    "holds a secret value, which would be shown and kept in clear: only those of synergychat:secrets are not. "
    "Put it there, and name that Secret"
)


class ConfigError(Exception):
    """Every mistake in a stack's config, one per line: the key as it is typed, its value, the rule."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load() -> StackConfig:
    """The running stack's config. Ends the program when it has mistakes, with all of them."""
    project = pulumi.get_project()
    try:
        return parse(project, pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    except ConfigError as error:
        count = "One mistake" if len(error.mistakes) == 1 else f"{len(error.mistakes)} mistakes"
        lines = "\n".join(f"  {mistake}" for mistake in error.mistakes)
        stack = pulumi.get_stack()
        stop(
            f"{count} in the config of stack {stack}:\n{lines}\n"
            f"Edit Pulumi.{stack}.yaml, or type: pulumi config set --path '{project}:KEY' VALUE"
        )


def parse(project: str, values: Mapping[str, str], secret_keys: Iterable[str] = ()) -> StackConfig:
    """Read the keys of `project` among `values`, as Pulumi hands them over: objects and numbers as JSON.

    Keys of other projects and of Pulumi itself are not looked at. Values of `secret_keys` are left out of messages.
    """
    prefix = f"{project}:"
    given = {key.removeprefix(prefix): _decoded(key, value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key.removeprefix(prefix) for key in secret_keys}
    hidden = {*secret, "secrets"}
    mistakes: dict[tuple[str, ...], str] = {}
    parsed: StackConfig | None = None
    try:
        parsed = StackConfig.model_validate_json(json.dumps(given))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = tuple(str(part) for part in detail["loc"])
            mistakes[path] = _rule(detail["type"], detail["msg"], path)
    misplaced = {(key,): _SHOWN for key in secret if key in given and key != "secrets"}
    mistakes |= {path: rule for path, rule in (misplaced | _across(given)).items() if path not in mistakes}
    if mistakes or parsed is None:
        raise ConfigError([_line(prefix, path, rule, given, hidden) for path, rule in sorted(mistakes.items())])
    return parsed


def _decoded(key: str, value: str) -> object:
    field = next((f for f in StackConfig.model_fields.values() if f.alias == key.rpartition(":")[2]), None)
    if field is not None and field.annotation is str:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _rule(kind: str, message: str, path: tuple[str, ...]) -> str:
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        hint = _meant(path[-1], known) or f"known here: {', '.join(known)}"
        return f"is not a key of this program; {hint}"
    plain = {
        "missing": "is required, and has no default",
        "model_type": "must be a group of keys",
        "model_attributes_type": "must be a group of keys",
        "tuple_type": "must be a list",
        "too_short": "must not be empty",
        "bool_type": "must be true or false",
        "dict_type": "must be a group of keys",
        "string_type": "must be text",
    }
    if kind == "literal_error":
        return message.replace("Input should be", "must be").replace("'", "")
    return plain.get(kind, message.removeprefix("Value error, "))


def _known_keys(path: tuple[str, ...]) -> list[str]:
    annotation: Any = StackConfig
    for part in path:
        annotation = _below(annotation, part)
    return [str(field.alias) for field in _model(annotation).model_fields.values()]


def _model(annotation: Any) -> type[BaseModel]:
    """The model in an annotation that may allow None beside it."""
    return next(
        each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel)
    )


def _below(annotation: Any, part: str) -> Any:
    """What may stand at a key of a model or of a mapping, or at a place in a list."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    return next(field.annotation for field in _model(annotation).model_fields.values() if field.alias == part)


def _across(given: Mapping[str, object]) -> dict[tuple[str, ...], str]:
    """The rules between keys. They are tested on what was given, so that no other mistake hides theirs."""
    mistakes: dict[tuple[str, ...], str] = {}
    for key, owners in {
        "hostname": ("web", "api"),
        "routeName": ("web", "api"),
        "serviceName": ("web", "api", "crawler"),
    }.items():
        seen: dict[object, str] = {}
        for owner in owners:
            value = _value(given, (owner, key))
            if value in seen:
                mistakes[owner, key] = f"must differ from {seen[value]}.{key}"
            seen.setdefault(value, owner)
    if _value(given, ("namespace",)) == _value(given, ("envoyGateway", "namespace")):
        mistakes["namespace",] = "must differ from envoyGateway.namespace"
    exposure, node_port = _value(given, ("gateway", "exposure")), _value(given, ("gateway", "nodePort"))
    if exposure == "NodePort" and node_port is None:
        mistakes["gateway", "nodePort"] = "is required with exposure NodePort: a whole number from 30000 to 32767"
    if exposure != "NodePort" and node_port is not None:
        mistakes["gateway", "nodePort"] = "goes only with exposure NodePort"
    return mistakes | dict(_across_routes(given))


def _across_routes(given: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    chats_own = [_value(given, (owner, "routeName")) for owner in ("web", "api")]
    routes = _group(given.get("routes"))
    for name, route in routes.items():
        if name in chats_own:
            yield ("routes", name), "must have another name than the chat's own routes"
        ways = [key for key in ("backend", "canary", "maintenance", "rules") if key in _group(route)]
        for key in ways[1:]:
            yield ("routes", name, key), f"does not go together with {ways[0]}"
        if "maintenance" in ways and _group(route).get("kind", "HTTPRoute") != "HTTPRoute":
            yield ("routes", name, "maintenance"), "goes only with an HTTPRoute"
        if "listeners" in _group(route) and "parentRefs" in _group(route):
            yield ("routes", name, "listeners"), "does not go together with parentRefs"
        yield from _unknown_workloads(("routes", name), route)
    for name, policy in _group(given.get("policies")).items():
        targets = _group(policy).get("targets")
        for key in _WIRE_TARGETS & _group(policy).keys() if targets is not None else ():
            yield ("policies", name, "targets"), f"does not go together with {key}"
        if _group(policy).get("kind") == "EnvoyPatchPolicy" and len(_items(targets)) > 1:
            yield ("policies", name, "targets"), "must be one alone for an EnvoyPatchPolicy"
        yield from _unknown_workloads(("policies", name), policy)
        for index, target in enumerate(_items(targets)):
            route = _group(target).get("route")
            if route is not None and route not in (*routes, *chats_own):
                yield (
                    ("policies", name, "targets", str(index), "route"),
                    _one_of([*routes, *map(str, chats_own)], route),
                )
    gateway = _group(given.get("gateway"))
    listeners = [_group(each) for each in _items(gateway.get("listeners"))]
    if gateway.get("redirectToHttps") is True and not any(each.get("protocol") == "HTTPS" for each in listeners):
        yield ("gateway", "redirectToHttps"), "needs a listener with protocol HTTPS in gateway.listeners"
    secure = {str(each.get("port")) for each in listeners if each.get("protocol") == "HTTPS"}
    if gateway.get("redirectToHttps") is True and len(secure) > 1:
        yield ("gateway", "redirectToHttps"), f"needs HTTPS on one port alone, not on {' and '.join(sorted(secure))}"
    for key in {"listeners", "gatewayClassName"} & _group(gateway.get("spec")).keys():
        yield ("gateway", "spec", key), f"is what gateway.{'listeners' if key == 'listeners' else 'className'} says"
    for index, each in enumerate(listeners):
        if gateway.get("exposure") == "NodePort" and each.get("protocol") == "HTTPS":
            yield ("gateway", "listeners", str(index), "protocol"), "does not go together with exposure NodePort"
        if each.get("selfSigned") is True and each.get("protocol") not in ("HTTPS", "TLS"):
            yield ("gateway", "listeners", str(index), "selfSigned"), "goes only with protocol HTTPS or TLS"


def _unknown_workloads(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], str]]:
    """`workload: NAME`, wherever it stands in wire form."""
    known = get_args(AppName)
    for index, item in enumerate(_items(value)):
        yield from _unknown_workloads((*path, str(index)), item)
    for key, item in _group(value).items():
        if key == "workload" and item not in known:
            yield (*path, key), _one_of(known, item)
        yield from _unknown_workloads((*path, key), item)


def _one_of(known: Iterable[str], value: object) -> str:
    meant = _meant(str(value), list(known))
    return f"must be one of {', '.join(known)}" + (f"; {meant}" if meant else "")


def _meant(value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _items(value: object) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def _group(value: object) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _value(given: Mapping[str, object], path: tuple[str, ...]) -> Any:
    """The value at `path`, or its default; None where neither is there."""
    value: Any = given
    for part in path:
        value = cast(dict[str, Any], value).get(part) if isinstance(value, Mapping) else None
    if value is not None:
        return value if isinstance(value, str | int) else None
    default: object = None
    model: type[BaseModel] = StackConfig
    for part in path:
        field = next(f for f in model.model_fields.values() if f.alias == part)
        default, model = field.default, cast(type[BaseModel], field.annotation)
    return default


def _line(prefix: str, path: tuple[str, ...], rule: str, given: Mapping[str, object], hidden: Iterable[str]) -> str:
    value: Any = given
    for part in path:
        if isinstance(value, Mapping):
            value = cast(dict[str, Any], value).get(part)
        elif isinstance(value, list):
            value = cast(list[Any], value)[int(part)]
    if path[-1] == "[key]":
        path, rule = path[:-1], f"is a name that {rule}"
    key = path[0] + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path[1:])
    if value is None:
        return f"{prefix}{key} {rule}"
    shown = "[secret]" if path[0] in hidden else json.dumps(value, ensure_ascii=False)
    return f"{prefix}{key} = {shown if len(shown) <= 80 else shown[:77] + '...'} {rule}"
