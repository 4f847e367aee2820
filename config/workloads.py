"""The keys of the workloads."""

from pydantic import Field

from config.section import Section
from config.values import Hostname, Image, Keyword, Port, Replicas, ServiceName, Subdomain


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
