"""The objects that decide where a request goes, found by name and in the order in which Gateway API ranks them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API

Wire = Mapping[str, Any]
"""An object, or a part of one, as the API server takes it."""

GROUPS = {
    "GatewayClass": GATEWAY_API,
    "Gateway": GATEWAY_API,
    "ListenerSet": GATEWAY_API,
    "HTTPRoute": GATEWAY_API,
    "GRPCRoute": GATEWAY_API,
    "TLSRoute": GATEWAY_API,
    "TCPRoute": GATEWAY_API,
    "UDPRoute": GATEWAY_API,
    "ReferenceGrant": GATEWAY_API,
    "BackendTLSPolicy": GATEWAY_API,
    "ClientTrafficPolicy": ENVOY_GATEWAY,
    "SecurityPolicy": ENVOY_GATEWAY,
    "EnvoyExtensionPolicy": ENVOY_GATEWAY,
    "BackendTrafficPolicy": ENVOY_GATEWAY,
    "HTTPRouteFilter": ENVOY_GATEWAY,
    "Backend": ENVOY_GATEWAY,
    "EnvoyProxy": ENVOY_GATEWAY,
    "Service": "",
    "Namespace": "",
}
"""Every kind that has a say in it, and its API group."""


def part(wire: Wire, *path: str) -> Wire:
    """The object at `path`, or an empty one: what an API server would leave out or fill in."""
    for name in path:
        wire = wire.get(name) or {}
    return wire


def parts(wire: Wire, *path: str) -> Sequence[Wire]:
    """The list of objects at `path`, or an empty one."""
    return part(wire, *path[:-1]).get(path[-1]) or ()


@dataclass(frozen=True)
class Reference:
    """An object's kind, namespace (empty where the kind has none) and name."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, wire: Wire) -> "Reference":
        metadata = wire["metadata"]
        namespace = "" if wire["kind"] in ("Namespace", "GatewayClass") else metadata.get("namespace") or "default"
        return cls(wire["kind"], namespace, metadata["name"])

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Objects:
    """Objects of the kinds in `GROUPS`; all others are left out."""

    def __init__(self, wires: Iterable[Wire]) -> None:
        known = [wire for wire in wires if _group(wire) == GROUPS.get(wire["kind"])]
        self._by_reference = {Reference.of(wire): wire for wire in sorted(known, key=_seniority)}

    def all(self) -> Sequence[Wire]:
        return list(self._by_reference.values())

    def of_kind(self, *kinds: str) -> Sequence[Wire]:
        """One kind after the other; within a kind the oldest first, and of the same age by namespace and name."""
        return [wire for kind in kinds for wire in self._by_reference.values() if wire["kind"] == kind]

    def find(self, reference: Reference) -> Wire | None:
        return self._by_reference.get(reference)

    def labels_of_namespace(self, name: str) -> Mapping[str, str]:
        """With the one that every API server adds."""
        wire = self.find(Reference("Namespace", "", name)) or {}
        return {**part(wire, "metadata", "labels"), "kubernetes.io/metadata.name": name}


def _group(wire: Wire) -> str:
    return wire["apiVersion"].rpartition("/")[0]


def _seniority(wire: Wire) -> tuple[str, str, str]:
    """What is not created yet has no time, and all of it will be made at once."""
    reference = Reference.of(wire)
    return wire["metadata"].get("creationTimestamp") or "", reference.namespace, reference.name
