"""Objects: the manifests of a stack or a cluster, found by the names with which they refer to each other."""

from collections.abc import Iterable, Iterator

from gatewayapi.kinds import CERT_MANAGER, CORE, ENVOY_GATEWAY, GATEWAY_API, ROUTES
from kube.manifest import Manifest, ObjectName, group_of, kind_of, name_of, namespace_of
from kube.read import NotKnown, read
from kube.unknown import UNKNOWN

_NAME_LABEL = "kubernetes.io/metadata.name"
_FILLED_BY_CONTROLLERS = {(CORE, "Secret"), (CORE, "ConfigMap")}
"""Kinds that cert-manager, trust-manager or Kubernetes itself also create in a stack's namespaces."""
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


class Objects:
    """Manifests by kind and by name.

    With `complete` these are all objects that exist, as after reading a whole cluster. Otherwise a cluster may hold
    more, and a missing object is certain only where nobody else creates objects: see `find`.
    """

    def __init__(self, manifests: Iterable[Manifest], *, complete: bool = False) -> None:
        self._complete = complete
        self._by_name: dict[ObjectName, Manifest] = {}
        self._by_kind: dict[tuple[str, str], list[Manifest]] = {}
        self._with_unknown_name: set[tuple[str, str]] = set()
        for manifest in sorted(manifests, key=_age):
            kind = group_of(manifest), kind_of(manifest)
            self._by_kind.setdefault(kind, []).append(manifest)
            try:
                self._by_name[ObjectName.of(manifest)] = manifest
            except NotKnown:
                self._with_unknown_name.add(kind)

    def __iter__(self) -> Iterator[Manifest]:
        return (manifest for manifests in self._by_kind.values() for manifest in manifests)

    def of_kind(self, group: str, *kinds: str) -> list[Manifest]:
        """Objects of these kinds, one kind after the other, each in the order in which Gateway API ranks conflicts."""
        return [manifest for kind in kinds for manifest in self._by_kind.get((group, kind), ())]

    def find(self, name: ObjectName) -> Manifest | None:
        """The object of that name, or None when there is certainly none.

        It is certain in a namespace that the stack declares itself, as others create objects everywhere else. Even
        there a Secret or ConfigMap may come from a controller when the stack declares none. Raises NotKnown when it is
        not certain.
        """
        if (manifest := self._by_name.get(name)) is not None:
            return manifest
        if self._complete:
            return None
        if not self._has_all(name) or (name.kind == "Secret" and self._is_issued(name)):
            raise NotKnown
        return None

    def names(self, group: str, kind: str, namespace: str) -> list[str]:
        """Names of the objects of one kind in one namespace."""
        found = self._by_name
        return sorted(
            known.name for known in found if (known.group, known.kind, known.namespace) == (group, kind, namespace)
        )

    def label(self, namespace: str, key: str) -> str | None:
        """The value of a namespace's label. Raises NotKnown for a namespace that the stack does not declare."""
        if key == _NAME_LABEL:
            return namespace
        return read(self.find(ObjectName(CORE, "Namespace", "", namespace)), "metadata", "labels", key)

    def declares(self, namespace: str) -> bool:
        """Whether all objects of the namespace are known, apart from those that controllers create."""
        return self._complete or ObjectName(CORE, "Namespace", "", namespace) in self._by_name

    def _has_all(self, name: ObjectName) -> bool:
        kind = name.group, name.kind
        if kind in self._with_unknown_name or not self.declares(name.namespace):
            return False
        if kind in _FILLED_BY_CONTROLLERS:
            return bool(self.names(*kind, name.namespace))
        return kind in _MADE_BY_THE_STACK

    def _is_issued(self, secret: ObjectName) -> bool:
        """Whether a Certificate of cert-manager writes this Secret."""
        certificates = self.of_kind(CERT_MANAGER, "Certificate")
        written = [
            certificate["spec"].get("secretName")
            for certificate in certificates
            if namespace_of(certificate) == secret.namespace
        ]
        return secret.name in written or UNKNOWN in written


def precedence(manifest: Manifest) -> tuple[str, str, str]:
    """Sorts objects as Gateway API ranks them in a conflict: the oldest first, then by namespace and name.

    Objects that are not created yet are created together, and so have the same age.
    https://gateway-api.sigs.k8s.io/guides/api-design/#conflicts
    """
    return (
        read(manifest, "metadata", "creationTimestamp", default=""),
        namespace_of(manifest),
        name_of(manifest),
    )


def _age(manifest: Manifest) -> tuple[bool, tuple[str, ...]]:
    try:
        return False, precedence(manifest)
    except NotKnown:
        return True, ()
