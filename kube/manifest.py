"""Manifest: one Kubernetes object as JSON, and the parts that identify it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kube.read import NotKnown, read

Manifest = dict[str, Any]
"""One Kubernetes object, or a part of one, with the field names of the API (camelCase)."""

DEFAULT_NAMESPACE = "default"
_CLUSTER_SCOPED = frozenset({"Namespace", "GatewayClass"})


@dataclass(frozen=True, order=True)
class ObjectName:
    """The identity of an object: API group, kind, namespace (empty for a cluster-scoped kind) and name."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Manifest) -> "ObjectName":
        """The name of a manifest. Raises NotKnown when namespace or name are known only after `up`."""
        return cls.referred(group_of(manifest), kind_of(manifest), namespace_of(manifest), name_of(manifest))

    @classmethod
    def if_known(cls, manifest: Manifest) -> "ObjectName | None":
        """The same, or None when it is known only after `up`."""
        try:
            return cls.of(manifest)
        except NotKnown:
            return None

    @classmethod
    def referred(cls, group: str, kind: str, namespace: str, name: str) -> "ObjectName":
        """The object that a reference from `namespace` means: a cluster-scoped kind has no namespace."""
        return cls(group, kind, "" if kind in _CLUSTER_SCOPED else namespace, name)

    @classmethod
    def declared(cls, manifest: Manifest) -> "ObjectName":
        """The name of a manifest, whose namespace is empty when the manifest has none. Raises NotKnown."""
        namespace = read(manifest, "metadata", "namespace", default="")
        return cls(group_of(manifest), kind_of(manifest), namespace, name_of(manifest))

    @classmethod
    def from_path(cls, path: str) -> "ObjectName":
        """The inverse of `path`."""
        resource, *namespace, name = path.split("/")
        kind, _, group = resource.partition(".")
        return cls(group, kind, namespace[0] if namespace else "", name)

    @property
    def path(self) -> str:
        """The name as one word, such as `HTTPRoute.gateway.networking.k8s.io/chat/web` or `Namespace/chat`."""
        resource = f"{self.kind}.{self.group}".removesuffix(".")
        return "/".join(part for part in (resource, self.namespace, self.name) if part)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def group_of(manifest: Manifest) -> str:
    """API group; empty for the core group."""
    return read(manifest, "apiVersion", default="").rpartition("/")[0]


def kind_of(manifest: Manifest) -> str:
    return read(manifest, "kind", default="")


def name_of(manifest: Manifest) -> str:
    return read(manifest, "metadata", "name", default="")


def namespace_of(manifest: Manifest) -> str:
    """Namespace of the object, or the one that an API server fills in."""
    return read(manifest, "metadata", "namespace", default=DEFAULT_NAMESPACE)


def identity(manifest: Manifest) -> str:
    """Kind and name in lower case with a dash, such as `service-envoy-gateway`."""
    return f"{manifest['kind'].lower()}-{manifest['metadata']['name']}"


def by_name(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Objects of one kind and namespace by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests}
