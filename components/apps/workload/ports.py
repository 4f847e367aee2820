"""The ports of a workload: those of its Service, and those of its pods that these lead to."""

from components.gateway.manifests import Wire
from config import AppConfig
from diagnostics.problem import Path

NAME = "http"
"""What leads to the port that the process listens on need not know its number."""


def of_service(settings: AppConfig) -> list[Wire]:
    protocol = {"appProtocol": settings.app_protocol} if settings.app_protocol else {}
    own: Wire = {"name": NAME, "port": settings.service_port, "targetPort": NAME, **protocol}
    return [own, *settings.ports]


def of_pods(settings: AppConfig) -> list[Wire]:
    """As entries of a NetworkPolicy's `ports`: it sees connections with a Service's port translated already."""
    own: Wire = {"port": settings.port, "protocol": "TCP"}
    further = [
        {"port": each.get("targetPort", each.get("port")), "protocol": each.get("protocol", "TCP")}
        for each in settings.ports
    ]
    return [own, *further]


def places(settings: AppConfig) -> dict[Path, str]:
    """Which keys of the config stand for which parts of the Service."""
    return {("spec", "ports", index): f"ports[{index - 1}]" for index in range(1, len(settings.ports) + 1)}
