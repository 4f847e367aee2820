"""Gateways that run on the same Envoys."""

from collections.abc import Hashable
from typing import Any

from checks.rules.extensions import configuration
from gatewayapi.objects import ENVOY_GATEWAY, GATEWAY_API, Stack, Wire
from gatewayapi.references import reference
from kube.read import NotKnown, read


def sharing(stack: Stack) -> list[list[Wire]]:
    """All Gateways of the stack, those of one fleet together: each has its own, unless its class merges them."""
    fleets: dict[Hashable, list[Wire]] = {}
    for gateway in stack.of(GATEWAY_API, "Gateway"):
        fleets.setdefault(_fleet(stack, gateway), []).append(gateway)
    return list(fleets.values())


def merging(stack: Stack, gateway: Wire) -> str:
    """The name of the class of a Gateway if it merges its Gateways, else empty. Raises NotKnown for one of others."""
    name = read(gateway, "spec", "gatewayClassName")
    return name if _merges(stack, stack.cluster_wide(GATEWAY_API, "GatewayClass", name)) else ""


def _fleet(stack: Stack, gateway: Wire) -> Hashable:
    try:
        return merging(stack, gateway) or id(gateway)
    except NotKnown:
        return id(gateway)


def _merges(stack: Stack, gateway_class: Wire) -> bool:
    own = read(_proxy(stack, gateway_class, "spec", "parametersRef"), "spec", "mergeGateways")
    return read(_unless_said(stack), "mergeGateways", default=False) if own is None else own


def proxies(stack: Stack, gateway: Wire) -> list[Wire]:
    """The EnvoyProxy of a Gateway and that of its class, where they have one. Raises NotKnown for one of others."""
    if _unless_said(stack):
        raise NotKnown
    of_class = stack.cluster_wide(GATEWAY_API, "GatewayClass", read(gateway, "spec", "gatewayClassName"))
    own = ("spec", "infrastructure", "parametersRef")
    named = [(gateway, own)] if read(gateway, *own) else []
    named += [(of_class, ("spec", "parametersRef"))] if read(of_class, "spec", "parametersRef") else []
    return [proxy for wire, path in named if (proxy := _proxy(stack, wire, *path)) is not None]


def _unless_said(stack: Stack) -> Any:
    """What Envoy Gateway's own configuration says of every EnvoyProxy."""
    try:
        return read(configuration(stack), "envoyProxy", default={})
    except NotKnown:
        return {}


def _proxy(stack: Stack, wire: Wire, *path: str) -> Wire | None:
    ref = reference(wire, path, read(wire, *path), ENVOY_GATEWAY, "EnvoyProxy")
    return stack.find(ref.group, ref.kind, ref.namespace, ref.name)
