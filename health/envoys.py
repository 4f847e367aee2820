"""Envoys: the objects that Envoy Gateway makes for a Gateway, or for all Gateways of a class with `mergeGateways`."""

from typing import NamedTuple

from gatewayapi.kinds import GATEWAY_API, OWNING_GATEWAY
from health.kinds import Kind, Object

LABELS = "app.kubernetes.io/managed-by=envoy-gateway,app.kubernetes.io/component=proxy"
GATEWAY = Kind(GATEWAY_API, "Gateway")


class Owner(NamedTuple):
    """The Gateway for which an object was made, or the class, which has no namespace."""

    namespace: str
    name: str


def owner_of(item: Object) -> Owner | None:
    """The owner of an Envoy's object; None for any other object."""
    labels = item["metadata"].get("labels", {})
    if f"{OWNING_GATEWAY}-name" in labels:
        return Owner(labels[f"{OWNING_GATEWAY}-namespace"], labels[f"{OWNING_GATEWAY}-name"])
    return Owner("", labels[f"{OWNING_GATEWAY}class"]) if f"{OWNING_GATEWAY}class" in labels else None


def owner(gateway: Object) -> Owner:
    """A Gateway as the owner of its Envoys."""
    return Owner(gateway["metadata"]["namespace"], gateway["metadata"]["name"])


def owners(gateway: Object) -> set[Owner]:
    """The Gateway and its class: one of them owns the Gateway's Envoys."""
    return {owner(gateway), Owner("", gateway["spec"]["gatewayClassName"])}
