"""The keys of the workloads."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from config.base import Fields, Section
from config.values import (
    DrainSeconds,
    EnvironmentName,
    FilePath,
    Hostname,
    Image,
    Keyword,
    Pods,
    Port,
    Quantity,
    Replicas,
    Schedule,
    ServiceName,
    Subdomain,
    Text,
    UrlPath,
    Utilization,
    text_or,
)

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
AppKind = Literal["Deployment", "Job", "CronJob"]


class FileConfig(Section):
    """A text, or the key of a Secret."""

    value: str | None = Field(default=None, description="The text itself.")
    secret: Subdomain | None = Field(default=None, description="One of `secrets`, of which `key` has the text.")
    key: Text | None = Field(default=None, description="Which of its keys.")


class VariableConfig(FileConfig):
    """The value of an environment variable."""

    value_from: Fields | None = Field(default=None, description="Any other place that has it, in wire form.")


Variable = Annotated[VariableConfig, BeforeValidator(text_or("`secret` and `key`, or `valueFrom`"))]
File = Annotated[FileConfig, BeforeValidator(text_or("`secret` and `key`"))]


class ScaleConfig(Section):
    min: Pods = Field(description="The fewest pods.")
    max: Pods = Field(description="The most pods.")
    cpu: Utilization | None = Field(
        default=None,
        description="Pods are added above this share of the CPU that they request. "
        "With neither this nor `memory`, above 80.",
    )
    memory: Utilization | None = Field(default=None, description="The same of the memory that they request.")


class PersistenceConfig(Section):
    size: Quantity = Field(description="How much it holds, such as `1Gi`.")
    path: FilePath = Field(default="/data", description="Where the process finds it.")
    storage_class: Subdomain | None = Field(default=None, description="Its StorageClass. Not set: the cluster's own.")


class AppConfig(Section):
    """Whatever runs in pods."""

    image: Image = Field(description="Image of its container, by tag or by digest.")
    pull_policy: PullPolicy = Field(default="IfNotPresent", description="When a node asks the image's registry.")
    pull_secrets: tuple[Subdomain, ...] = Field(default=(), description="Secrets with the registry's credentials.")
    command: tuple[str, ...] = Field(default=(), description="What runs instead of the image's entry point.")
    args: tuple[str, ...] = Field(default=(), description="Its arguments, instead of the image's.")
    env: dict[EnvironmentName, Variable] = Field(
        default={}, description="Environment variables, over those that the program sets."
    )
    files: dict[FilePath, File] = Field(default={}, description="Files that the process finds, by path.")
    replicas: Replicas = Field(default=1, description="Number of pods.")
    scale: ScaleConfig | None = Field(default=None, description="A number of pods that follows the load.")
    port: Port | None = Field(
        default=8080, description="Port that its process listens on. `null` for one of `apps` that listens on none."
    )
    app_protocol: Text | None = Field(
        default=None,
        description="What it speaks there, as a Service's `appProtocol`: `kubernetes.io/h2c` for gRPC without TLS.",
    )
    service_name: ServiceName | None = Field(default=None, description="Name of its Service. Not set: the app's own.")
    service_port: Port = Field(default=80, description="Port of its Service.")
    ports: tuple[Fields, ...] = Field(
        default=(),
        description="Further ports of its Service, in wire form: `name`, `port`, `targetPort`, `appProtocol`.",
    )
    health: UrlPath | None = Field(
        default=None, description="Path that answers 200 when it can serve. Not set: its port is opened, no more."
    )
    probes: Fields = Field(
        default={}, description="Fields of all its probes, in wire form, such as `grpc`, instead of `health`."
    )
    resources: Fields = Field(default={}, description="Its requests and limits, laid over the program's.")
    persistence: PersistenceConfig | None = Field(
        default=None, description="A volume that outlives its pod, of which there is one at a time."
    )
    calls: tuple[Subdomain, ...] = Field(
        default=(), description="Workloads that it connects to. The chat's API calls the crawler unasked."
    )
    egress: tuple[Fields, ...] = Field(default=(), description="What else it connects to, as rules of a NetworkPolicy.")
    ingress: tuple[Fields, ...] = Field(
        default=(), description="What else connects to it, as rules of a NetworkPolicy."
    )
    drain_seconds: DrainSeconds = Field(
        default=3,
        description="How long a pod that is told to end serves on. Less than the longest request takes is enough only "
        "where its process finishes those under way.",
    )
    container: Fields = Field(default={}, description="Fields of its container, laid over what the program sets.")
    pod: Fields = Field(
        default={},
        description="Fields of its pods' spec, laid over what the program sets: `initContainers`, further "
        "`containers`, `volumes`, `nodeSelector`.",
    )

    @property
    def is_several(self) -> bool:
        """Whether there may be more than one pod for long."""
        return (self.scale.max if self.scale else self.replicas) > 1


class WebConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-web:latest", description="Image of the chat's page.")
    hostname: Hostname = Field(default="synchat.internal", description="Host name of the page.")
    route_name: Subdomain = Field(default="web-httproute", description="Name of its HTTPRoute.")
    service_name: ServiceName | None = Field(default="web-service", description="Name of its Service.")


class ApiConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-api:latest", description="Image of the chat's API.")
    hostname: Hostname = Field(
        default="synchatapi.internal", description="Host name of the API; the page learns its URL from it."
    )
    route_name: Subdomain = Field(default="api-httproute", description="Name of its HTTPRoute.")
    service_name: ServiceName | None = Field(default="api-service", description="Name of its Service.")


class CrawlerConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-crawler:latest", description="Image of the crawler.")
    service_name: ServiceName | None = Field(default="crawler-service", description="Name of its Service.")
    keywords: tuple[Keyword, ...] = Field(
        default=("love", "hate", "joy", "sadness", "anger", "disgust", "fear", "surprise"),
        description="Words that it counts.",
        min_length=1,
    )


class FurtherAppConfig(AppConfig):
    """An app beside the chat."""

    kind: AppKind = Field(
        default="Deployment", description="Whether it runs all the time, once per change, or by `schedule`."
    )
    schedule: Schedule | None = Field(default=None, description="When a CronJob runs, such as `0 3 * * *`, in UTC.")
    job: Fields = Field(
        default={},
        description="Fields of the Job's spec, laid over what the program sets: `backoffLimit`, "
        "`activeDeadlineSeconds`, `parallelism`, `completions`.",
    )
    hostname: Hostname | None = Field(
        default=None, description="Host name at which the gateway serves it. Not set: it is served inside the cluster."
    )
    path: UrlPath = Field(default="/", description="What the paths start with that the gateway serves there.")
