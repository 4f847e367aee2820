"""The ports of a workload: those of its Service, and the ports of its pods that they lead to."""

from config import AppConfig
from kube.manifest import Manifest

NAME = "http"
"""Name of the port that the process listens on, so that only the container knows its number."""


def of_service(settings: AppConfig) -> list[Manifest]:
    """Entries of the Service's `ports`."""
    protocol = {"appProtocol": settings.app_protocol} if settings.app_protocol else {}
    own: Manifest = {"name": NAME, "port": settings.service_port, "targetPort": NAME, **protocol}
    return [own, *settings.ports]


def of_pods(settings: AppConfig) -> list[Manifest]:
    """Entries of a NetworkPolicy's `ports`, which sees connections after a Service's port has been translated."""
    own: Manifest = {"port": settings.port, "protocol": "TCP"}
    extra = [
        {"port": port.get("targetPort", port.get("port")), "protocol": port.get("protocol", "TCP")}
        for port in settings.ports
    ]
    return [own, *extra]
