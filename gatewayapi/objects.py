"""The objects of a stack, found as others refer to them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API, ROUTES
from kube.read import NotKnown, read
from kube.unknown import UNKNOWN

Wire = Mapping[str, Any]

CORE = ""

# Others make such objects too, in namespaces of the stack: cert-manager, trust-manager, Kubernetes itself.
_ALSO_MADE_BY_OTHERS = {(CORE, "Secret"), (CORE, "ConfigMap")}
_MADE_BY_THE_STACK = {
    (CORE, "Service"),
    (ENVOY_GATEWAY, "Backend"),
    (ENVOY_GATEWAY, "EnvoyProxy"),
    (ENVOY_GATEWAY, "HTTPRouteFilter"),
    (GATEWAY_API, "Gateway"),
    (GATEWAY_API, "ListenerSet"),
    (GATEWAY_API, "ReferenceGrant"),
    *((GATEWAY_API, kind) for kind in ROUTES),
}
_DEFAULT = "default"
_NAME_LABEL = "kubernetes.io/metadata.name"


def group_of(wire: Wire) -> str:
    return read(wire, "apiVersion", default="").rpartition("/")[0]


def kind_of(wire: Wire) -> str:
    return read(wire, "kind", default="")


def name_of(wire: Wire) -> str:
    return read(wire, "metadata", "name", default="")


def namespace_of(wire: Wire) -> str:
    """Where the object is; of one that is in none it makes no difference."""
    return read(wire, "metadata", "namespace", default=_DEFAULT)


def precedence(wire: Wire) -> tuple[str, str]:
    """Sorts objects as Gateway API does those of the same age."""
    return namespace_of(wire), name_of(wire)


def shown(wire: Wire) -> str:
    return f"{kind_of(wire)} {namespace_of(wire)}/{name_of(wire)}"


class Stack:
    """All objects of a stack. What a cluster may have beside them is not known here; see `find`."""

    def __init__(self, objects: Sequence[Wire]) -> None:
        self._named: dict[tuple[str, str, str, str], Wire] = {}
        self._nameless: set[tuple[str, str]] = set()
        self._kinds: dict[tuple[str, str], list[Wire]] = {}
        for wire in objects:
            kind = group_of(wire), kind_of(wire)
            self._kinds.setdefault(kind, []).append(wire)
            try:
                self._named[*kind, namespace_of(wire), name_of(wire)] = wire
            except NotKnown:
                self._nameless.add(kind)

    def of(self, group: str, *kinds: str) -> Iterator[Wire]:
        for kind in kinds:
            yield from self._kinds.get((group, kind), ())

    def named(self, group: str, *kinds: str) -> Iterator[Wire]:
        """Those of which the name is known."""
        known = {id(wire) for wire in self._named.values()}
        return (wire for wire in self.of(group, *kinds) if id(wire) in known)

    def find(self, group: str, kind: str, namespace: str, name: str) -> Wire | None:
        """The object of that name, or None when there is certainly none.

        That is certain only in a namespace that the stack declares itself: into others anyone puts objects. In it, of
        Secrets and ConfigMaps only when the stack has some there, for else controllers may be meant to make them.
        Raises NotKnown when it is not certain.
        """
        if wire := self._named.get((group, kind, namespace, name)):
            return wire
        if not self._has_all(group, kind, namespace) or (kind == "Secret" and self._is_issued(namespace, name)):
            raise NotKnown
        return None

    def cluster_wide(self, group: str, kind: str, name: str) -> Wire:
        """An object that is in no namespace. Raises NotKnown for one that the stack does not declare."""
        if wire := self._named.get((group, kind, _DEFAULT, name)):
            return wire
        raise NotKnown

    def names(self, group: str, kind: str, namespace: str) -> list[str]:
        return sorted(name for *place, name in self._named if place == [group, kind, namespace])

    def label(self, namespace: str, key: str) -> str | None:
        """That label of a namespace. Raises NotKnown for a namespace that the stack does not declare."""
        if key == _NAME_LABEL:
            return namespace
        return read(self.cluster_wide(CORE, "Namespace", namespace), "metadata", "labels", key)

    def declares(self, namespace: str) -> bool:
        return (CORE, "Namespace", _DEFAULT, namespace) in self._named

    def _has_all(self, group: str, kind: str, namespace: str) -> bool:
        if (group, kind) in self._nameless or not self.declares(namespace):
            return False
        if (group, kind) in _ALSO_MADE_BY_OTHERS:
            return bool(self.names(group, kind, namespace))
        return (group, kind) in _MADE_BY_THE_STACK

    def _is_issued(self, namespace: str, name: str) -> bool:
        """Whether a Certificate of cert-manager is to fill a Secret of that name."""
        certificates = self.of("cert-manager.io", "Certificate")
        issued = [each.get("spec", {}).get("secretName") for each in certificates if namespace_of(each) == namespace]
        return name in issued or UNKNOWN in issued
