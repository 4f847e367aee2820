"""A stack's config: read once, checked as a whole. `python -m reference` writes its reference, docs/config.md."""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from rules import (
    ENVOY_IMAGES,
    Exposure,
    Hostname,
    Image,
    Keyword,
    Label,
    NodePort,
    Port,
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

    @property
    def public_port(self) -> int:
        """The port that clients use."""
        return self.gateway.port if self.gateway.node_port is None else self.gateway.node_port

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
        return f"http://{hostname}" if self.public_port == 80 else f"http://{hostname}:{self.public_port}"


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
    hidden = {key.removeprefix(prefix) for key in secret_keys}
    mistakes: dict[tuple[str, ...], str] = {}
    parsed: StackConfig | None = None
    try:
        parsed = StackConfig.model_validate_json(json.dumps(given))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = tuple(str(part) for part in detail["loc"])
            mistakes[path] = _rule(detail["type"], detail["msg"], path)
    mistakes |= {path: rule for path, rule in _across(given).items() if path not in mistakes}
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
        near = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return f"is not a key of this program; {hint}"
    plain = {
        "missing": "is required, and has no default",
        "model_type": "must be a group of keys",
        "model_attributes_type": "must be a group of keys",
        "tuple_type": "must be a list",
        "too_short": "must not be empty",
    }
    return plain.get(kind, message.removeprefix("Value error, "))


def _known_keys(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = StackConfig
    for part in path:
        model = next(cast(type[BaseModel], f.annotation) for f in model.model_fields.values() if f.alias == part)
    return [str(field.alias) for field in model.model_fields.values()]


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
    return mistakes


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
    key = path[0] + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path[1:])
    if value is None:
        return f"{prefix}{key} {rule}"
    shown = "[secret]" if path[0] in hidden else json.dumps(value, ensure_ascii=False)
    return f"{prefix}{key} = {shown if len(shown) <= 80 else shown[:77] + '...'} {rule}"
