"""What the suite runs against: the GatewayClass of a stack, as the cluster has it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local.errors import UserError
from tools.conformance.objects import get
from tools.stack import Stack

_VERSION = "gateway.networking.k8s.io/bundle-version"


@dataclass(frozen=True, kw_only=True)
class Target:
    """`features` are those that the class publishes in its status, empty when it publishes none."""

    gateway_class: str
    features: tuple[str, ...]
    controller: str
    """The version of Envoy Gateway."""

    @classmethod
    def of(cls, stack: Stack, gateway_api: str) -> "Target":
        """UserError when there is no such class, or the cluster's Gateway API is not the one that the suite tests."""
        classes = get(stack, "gatewayclass", "--selector", "app.kubernetes.io/part-of=synergychat")["items"]
        if len(classes) != 1:
            raise UserError(f"{stack.context} has no GatewayClass of a stack.", f"Type: {stack.typed_up}")
        installed = get(stack, "crd", "gatewayclasses.gateway.networking.k8s.io")["metadata"]["annotations"][_VERSION]
        if installed != gateway_api:
            raise UserError(
                f"{stack.context} has the Gateway API {installed}, and the conformance suite here is of {gateway_api}.",
                "The default of envoyGateway.version brings it: see docs/config.md.",
            )
        controllers = get(stack, "deployment", "--all-namespaces", "--selector", "control-plane=envoy-gateway")
        return cls(
            gateway_class=classes[0]["metadata"]["name"],
            features=tuple(feature["name"] for feature in classes[0]["status"].get("supportedFeatures", ())),
            controller=version(controllers["items"]),
        )


def version(deployments: Iterable[dict[str, Any]]) -> str:
    """The tag of the controller's image: its labels have the chart's version, which need not be its own."""
    images = {deployment["spec"]["template"]["spec"]["containers"][0]["image"] for deployment in deployments}
    return ", ".join(sorted(image.partition("@")[0].rpartition(":")[2] for image in images)) or "unknown"
