"""Keys of the workloads."""

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
    """A text, or a key of a Secret."""

    value: str | None = Field(default=None, description="The text itself.")
    secret: Subdomain | None = Field(default=None, description="Name of one of `secrets`; `key` names the key in it.")
    key: Text | None = Field(default=None, description="Key of the Secret.")


class VariableConfig(FileConfig):
    """The value of an environment variable."""

    value_from: Fields | None = Field(
        default=None, description="Any other source, as the field `valueFrom` of a container's variable."
    )


Variable = Annotated[VariableConfig, BeforeValidator(text_or("`secret` and `key`, or `valueFrom`"))]
File = Annotated[FileConfig, BeforeValidator(text_or("`secret` and `key`"))]


class ScaleConfig(Section):
    min: Pods = Field(description="Minimum number of pods.")
    max: Pods = Field(description="Maximum number of pods.")
    cpu: Utilization | None = Field(
        default=None,
        description="Target CPU utilization in percent of the request. Default: 80 when `memory` is not set either.",
    )
    memory: Utilization | None = Field(default=None, description="Target memory utilization in percent of the request.")


class PersistenceConfig(Section):
    size: Quantity = Field(description="Size of the volume, such as `1Gi`.")
    path: FilePath = Field(default="/data", description="Mount path in the container.")
    storage_class: Subdomain | None = Field(
        default=None,
        description="StorageClass. Default: the cluster's default class. It cannot be changed while the volume exists.",
    )
    retain: bool = Field(
        default=True,
        description="Keep the volume when `persistence` or the workload is taken out of the config. Only a deleted "
        "namespace deletes it then ([how to keep it](operating.md#remove-a-stack-and-keep-its-volume)).",
    )


class AppConfig(Section):
    """Keys that every workload has."""

    image: Image = Field(description="Image of its container, by tag or digest.")
    pull_policy: PullPolicy = Field(default="IfNotPresent", description="When a node pulls the image.")
    pull_secrets: tuple[Subdomain, ...] = Field(default=(), description="Secrets with credentials of the registry.")
    command: tuple[str, ...] = Field(default=(), description="Command, instead of the image's entry point.")
    args: tuple[str, ...] = Field(default=(), description="Arguments, instead of the image's.")
    env: dict[EnvironmentName, Variable] = Field(
        default={}, description="Environment variables. They win over those that the program sets."
    )
    files: dict[FilePath, File] = Field(default={}, description="Files in the container, by path.")
    replicas: Replicas = Field(default=1, description="Number of pods.")
    scale: ScaleConfig | None = Field(default=None, description="Scale the number of pods with the load.")
    port: Port | None = Field(
        default=8080,
        description="Port that its process listens on, in the pod. `null` for one of `apps` that does not listen.",
    )
    app_protocol: Text | None = Field(
        default=None,
        description="Protocol on that port, as a Service's `appProtocol`: `kubernetes.io/h2c` for gRPC without TLS.",
    )
    service_name: ServiceName | None = Field(default=None, description="Name of its Service. Default: the app's name.")
    service_port: Port = Field(default=80, description="Port of its Service, to which Envoy connects.")
    ports: tuple[Fields, ...] = Field(
        default=(),
        description="Extra ports of its Service, as in a Service: `name`, `port`, `targetPort`, `appProtocol`.",
    )
    health: UrlPath | None = Field(
        default=None, description="Path that answers 200 when it is ready. Default: probes only open its port."
    )
    probes: Fields = Field(default={}, description="Fields of all its probes, such as `grpc`, instead of `health`.")
    resources: Fields = Field(default={}, description="Requests and limits, merged over the program's.")
    persistence: PersistenceConfig | None = Field(
        default=None, description="A volume that outlives its pod. It limits the workload to one pod."
    )
    calls: tuple[Subdomain, ...] = Field(
        default=(), description="Workloads that it connects to. The chat's API may always call the crawler."
    )
    egress: tuple[Fields, ...] = Field(
        default=(), description="Other destinations that it connects to, as egress rules of a NetworkPolicy."
    )
    ingress: tuple[Fields, ...] = Field(
        default=(), description="Other clients that connect to it, as ingress rules of a NetworkPolicy."
    )
    drain_seconds: DrainSeconds = Field(
        default=3,
        description="Seconds that a terminating pod goes on serving. Shorter than the longest request is enough only "
        "if "
        "the process finishes open requests.",
    )
    container: Fields = Field(
        default={}, description="Fields of its container, merged over those that the program sets."
    )
    pod: Fields = Field(
        default={},
        description="Fields of its pods' spec, merged over those that the program sets: `initContainers`, more "
        "`containers`, `volumes`, `nodeSelector`.",
    )

    @property
    def has_several_pods(self) -> bool:
        """Whether it may run more than one pod, apart from a rollout."""
        return (self.scale.max if self.scale else self.replicas) > 1


class WebConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-web:latest", description="Image of the chat's page.")
    hostname: Hostname = Field(default="synchat.internal", description="Host name of the page.")
    route_name: Subdomain = Field(default="web-httproute", description="Name of its HTTPRoute.")
    service_name: ServiceName | None = Field(default="web-service", description="Name of its Service.")


class ApiConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-api:latest", description="Image of the chat's API.")
    hostname: Hostname = Field(
        default="synchatapi.internal", description="Host name of the API. The page calls the API there."
    )
    route_name: Subdomain = Field(default="api-httproute", description="Name of its HTTPRoute.")
    service_name: ServiceName | None = Field(default="api-service", description="Name of its Service.")


class CrawlerConfig(AppConfig):
    image: Image = Field(default="docker.io/bootdotdev/synergychat-crawler:latest", description="Image of the crawler.")
    service_name: ServiceName | None = Field(default="crawler-service", description="Name of its Service.")
    keywords: tuple[Keyword, ...] = Field(
        default=("love", "hate", "joy", "sadness", "anger", "disgust", "fear", "surprise"),
        description="Words to count.",
        min_length=1,
    )


class ExtraAppConfig(AppConfig):
    """An extra app beside the chat."""

    kind: AppKind = Field(default="Deployment", description="Run all the time, once per change, or by `schedule`.")
    schedule: Schedule | None = Field(default=None, description="Schedule of a CronJob in UTC, such as `0 3 * * *`.")
    job: Fields = Field(
        default={},
        description="Fields of the Job's spec, merged over those that the program sets: `backoffLimit`, "
        "`activeDeadlineSeconds`, `parallelism`, `completions`.",
    )
    hostname: Hostname | None = Field(
        default=None, description="Host name at which the gateway serves it. Default: only inside the cluster."
    )
    path: UrlPath = Field(default="/", description="Path prefix at which the gateway serves it.")

    @property
    def is_served(self) -> bool:
        """Whether requests can be sent to it."""
        return self.kind == "Deployment" and self.port is not None
