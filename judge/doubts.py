"""Doubts: declared objects about which the judge may be wrong, because it cannot know what they depend on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatewayapi.kinds import ROUTES
from gatewayapi.objects import Objects
from gatewayapi.references import Reference, Resolution, resolve
from judge.request import STOOD_IN, references_of
from kube.manifest import Manifest, ObjectName
from kube.read import NotKnown
from kube.unknown import unknown_paths

_OF_LABELS = {"NotAllowedByListeners", "NotAllowed"}
"""Reasons that depend on the labels of a namespace."""


class Doubts:
    """The objects of a stack about which the judge may be wrong."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._objects = Objects(manifests)
        self._names = set(self._found(manifests))
        self._namespaces = {
            name.name for name in map(ObjectName.if_known, manifests) if name and name.kind == "Namespace"
        }
        self._of_gateway = any(name.kind == "Gateway" for name in self._names)

    def about(self, name: ObjectName, condition: Mapping[str, Any]) -> bool:
        """Whether a condition of an object may be another one on a cluster."""
        if name in self._names:
            return True
        if name.kind not in (*ROUTES, "ListenerSet"):
            return False
        # A route is also refused for what its backends' policies refer to.
        if self._of_gateway or (self._names and condition["type"] == "ResolvedRefs"):
            return True
        return condition.get("reason") in _OF_LABELS and name.namespace not in self._namespaces

    def _found(self, manifests: Sequence[Manifest]) -> Iterator[ObjectName]:
        for manifest in manifests:
            name = ObjectName.if_known(manifest)
            if name is None or (name.group, name.kind) in STOOD_IN:
                continue
            unknown = any(True for _ in unknown_paths(manifest))
            if unknown or any(self._is_unknown(manifest, ref) for ref in references_of(manifest)):
                yield name

    def _is_unknown(self, manifest: Manifest, ref: Reference) -> bool:
        target = ref.target
        if (target.group, target.kind) in STOOD_IN:
            return False
        try:
            if resolve(self._objects, manifest, ref) is Resolution.NOT_KNOWN:
                return True
            found = self._objects.find(target)
        except NotKnown:
            return True
        return found is not None and any(True for _ in unknown_paths(found))
