"""The target of the suite: the GatewayClass of a stack, as it is in the cluster."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local.errors import UserError
from tools.conformance.kubectl_get import get
from tools.stack import Stack

_VERSION = "gateway.networking.k8s.io/bundle-version"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The GatewayClass to test."""

    gateway_class: str
    features: tuple[str, ...]
    """Features in the status of the class; empty if the status has none."""
    controller: str
    """The version of Envoy Gateway."""

    @classmethod
    def of(cls, stack: Stack, gateway_api: str) -> "Target":
        """Read the class. Raises UserError if it does not exist, or if the cluster has another Gateway API version."""
        classes = get(stack, "gatewayclass", "--selector", "app.kubernetes.io/part-of=synergychat")["items"]
        if len(classes) != 1:
            raise UserError(f"{stack.context} has no GatewayClass of this stack.", f"Type: {stack.typed_up}")
        installed = get(stack, "crd", "gatewayclasses.gateway.networking.k8s.io")["metadata"]["annotations"][_VERSION]
        if installed != gateway_api:
            raise UserError(
                f"{stack.context} has Gateway API {installed}, but the conformance suite here tests {gateway_api}.",
                "The default of envoyGateway.version installs that: see docs/config.md.",
            )
        controllers = get(stack, "deployment", "--all-namespaces", "--selector", "control-plane=envoy-gateway")
        return cls(
            gateway_class=classes[0]["metadata"]["name"],
            features=tuple(feature["name"] for feature in classes[0]["status"].get("supportedFeatures", ())),
            controller=version(controllers["items"]),
        )


def version(deployments: Iterable[dict[str, Any]]) -> str:
    """Return the tag of the controller's image. Its labels have the version of the chart, which can be another."""
    images = {deployment["spec"]["template"]["spec"]["containers"][0]["image"] for deployment in deployments}
    return ", ".join(sorted(image.partition("@")[0].rpartition(":")[2] for image in images)) or "unknown"
