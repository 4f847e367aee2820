"""Gateways that run on the same Envoys."""

from collections.abc import Hashable

from checks.graph.known import NotKnown, read
from checks.graph.references import reference
from checks.graph.stack import ENVOY_GATEWAY, GATEWAY_API, Stack, Wire


def sharing(stack: Stack) -> list[list[Wire]]:
    """All Gateways of the stack, those of one fleet together: each has its own, unless its class merges them."""
    fleets: dict[Hashable, list[Wire]] = {}
    for gateway in stack.of(GATEWAY_API, "Gateway"):
        fleets.setdefault(_fleet(stack, gateway), []).append(gateway)
    return list(fleets.values())


def _fleet(stack: Stack, gateway: Wire) -> Hashable:
    try:
        name = read(gateway, "spec", "gatewayClassName")
        return name if _merges(stack, stack.cluster_wide(GATEWAY_API, "GatewayClass", name)) else id(gateway)
    except NotKnown:
        return id(gateway)


def _merges(stack: Stack, gateway_class: Wire) -> bool:
    path = "spec", "parametersRef"
    ref = reference(gateway_class, path, read(gateway_class, *path), ENVOY_GATEWAY, "EnvoyProxy")
    return read(stack.find(ref.group, ref.kind, ref.namespace, ref.name), "spec", "mergeGateways", default=False)
