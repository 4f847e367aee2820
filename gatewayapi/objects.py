"""Objects: the manifests of a stack or a cluster, found by the names with which they refer to each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gatewayapi.kinds import CERT_MANAGER, CORE, ENVOY_GATEWAY, GATEWAY_API, ROUTES
from kube.json_paths import children
from kube.manifest import Manifest, ObjectName, group_of, kind_of, name_of, namespace_of
from kube.read import NotKnown, read, values
from kube.unknown import UNKNOWN

_NAME_LABEL = "kubernetes.io/metadata.name"
_FILLED_BY_CONTROLLERS = {(CORE, "Secret"), (CORE, "ConfigMap")}
"""Kinds that controllers, such as those of cert-manager or External Secrets, also create in a stack's namespaces."""
_KUBERNETES_OWN = (CORE, "ConfigMap", "kube-root-ca.crt")
"""A ConfigMap that Kubernetes creates in every namespace."""
_MAKE_NO_SECRETS = (".k8s.io", "gateway.networking.x-k8s.io", ENVOY_GATEWAY)
"""Ends of API groups whose controllers create neither Secrets nor ConfigMaps, as those of groups without a dot."""
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
        there a Secret or ConfigMap may come from a controller, when the stack declares none or an object that names it.
        Raises NotKnown when it is not certain.
        """
        if (manifest := self._by_name.get(name)) is not None:
            return manifest
        if self._complete:
            return None
        if not self._has_all(name):
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
            return bool(self.names(*kind, name.namespace)) and not self._has_maker(name)
        return kind in _MADE_BY_THE_STACK

    def _has_maker(self, name: ObjectName) -> bool:
        """Whether Kubernetes, or the controller of a declared object, may create this Secret or ConfigMap."""
        if (name.group, name.kind, name.name) == _KUBERNETES_OWN:
            return True
        makers = (
            manifest
            for (group, _), manifests in self._by_kind.items()
            if "." in group and not group.endswith(_MAKE_NO_SECRETS)
            for manifest in manifests
        )
        return any(_may_make(maker, name) for maker in makers)


def _may_make(maker: Manifest, name: ObjectName) -> bool:
    """Whether the controller of `maker` may create this object. Raises NotKnown.

    There are too many kinds to know the fields of each. A controller of an unknown kind may create what its object
    names, and what has the object's name or begins with it and a dash. A cluster-scoped maker serves any namespace;
    others serve their own, or one that their spec has.
    """
    if (made := _MADE_BY.get((group_of(maker), kind_of(maker)))) is not None:
        return (name.namespace, name.name) in made(maker)
    own, home = name_of(maker), read(maker, "metadata", "namespace", default="")
    named = set(_texts(read(maker, "spec")))
    if UNKNOWN in named:
        raise NotKnown
    near = home in ("", name.namespace) or name.namespace in named
    return near and (name.name in {own, *named} or name.name.startswith(f"{own}-"))


def _of_vault(maker: Manifest) -> list[tuple[str, str]]:
    return [(namespace_of(maker), read(maker, "spec", "destination", "name"))]


def _of_infisical(maker: Manifest) -> list[tuple[str, str]]:
    secrets = [read(maker, "spec", "managedSecretReference"), *values(maker, "spec", "managedKubeSecretReferences")]
    config_maps = values(maker, "spec", "managedKubeConfigMapReferences")
    home = namespace_of(maker)
    return [
        *((read(ref, "secretNamespace", default=home), read(ref, "secretName")) for ref in secrets),
        *((read(ref, "configMapNamespace", default=home), read(ref, "configMapName")) for ref in config_maps),
    ]


_MADE_BY: Mapping[tuple[str, str], Callable[[Manifest], list[tuple[str, str]]]] = {
    (CERT_MANAGER, "Certificate"): lambda maker: [(namespace_of(maker), read(maker, "spec", "secretName"))],
    ("external-secrets.io", "ExternalSecret"): lambda maker: [
        (namespace_of(maker), read(maker, "spec", "target", "name", default=name_of(maker)))
    ],
    ("bitnami.com", "SealedSecret"): lambda maker: [
        (namespace_of(maker), name_of(maker)),
        (namespace_of(maker), read(maker, "spec", "template", "metadata", "name")),
    ],
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"): lambda maker: [
        (namespace_of(maker), read(made, "secretName")) for made in values(maker, "spec", "secretObjects")
    ],
    **{("secrets.hashicorp.com", f"Vault{kind}Secret"): _of_vault for kind in ("Static", "Dynamic", "PKI")},
    ("secrets.infisical.com", "InfisicalSecret"): _of_infisical,
}
"""Namespaces and names of what the controller of each known kind creates. These functions raise NotKnown."""


def _texts(value: Any) -> Iterator[Any]:
    """Every text below `value`, and UNKNOWN if something below is."""
    if isinstance(value, str) or value is UNKNOWN:
        yield value
    for _, child in children(value):
        yield from _texts(child)


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
