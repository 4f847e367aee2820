"""Policies and their targets: https://gateway-api.sigs.k8s.io/reference/policy-attachment/."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics import Path
from gatewayapi.kinds import GATEWAY_API, GROUPS
from gatewayapi.objects import Objects
from gatewayapi.references import is_permitted, reference
from gatewayapi.selectors import selects
from kube.manifest import Manifest, ObjectName, namespace_of
from kube.read import items, read


@dataclass(frozen=True, order=True)
class Attachable:
    """Something that a policy can target: an object, or one listener, rule or port of it."""

    object: ObjectName
    section: str = ""

    def __str__(self) -> str:
        if not self.section:
            return str(self.object)
        return f"{_SECTIONS.get(self.object.kind, 'rule')} {self.section} of {self.object}"


_SECTIONS = {"Gateway": "listener", "ListenerSet": "listener", "Service": "port", "Backend": "port"}


@dataclass(frozen=True)
class Target:
    """The target of one entry of a policy's spec."""

    path: Path
    to: Attachable


def target_paths(policy: Manifest) -> list[Path]:
    """Paths of the entries that name their target; those of `targetSelectors` are not among them."""
    one: list[Path] = [("spec", "targetRef")] if read(policy, "spec", "targetRef") else []
    return [*one, *(path for path, _ in items(policy, "spec", "targetRefs"))]


def targets(objects: Objects, policy: Manifest) -> Iterator[Target]:
    """Everything that a policy targets, by name or by label. Raises NotKnown when some of it is known only later."""
    for path in target_paths(policy):
        value = read(policy, *path)
        name = reference(policy, path, value, GATEWAY_API, "Gateway").target
        # A target is in the policy's own namespace, whatever else the entry says.
        own = ObjectName.referred(name.group, name.kind, namespace_of(policy), name.name)
        yield Target(path, Attachable(own, read(value, "sectionName", default="")))
    for path, selector in items(policy, "spec", "targetSelectors"):
        for name in _selected(objects, policy, selector):
            yield Target(path, Attachable(name))


def _selected(objects: Objects, policy: Manifest, selector: Any) -> Iterator[ObjectName]:
    kind = read(selector, "kind", default="")
    group = read(selector, "group", default=GROUPS.get(kind, GATEWAY_API))
    for manifest in objects.of_kind(group, kind):
        labels = read(manifest, "metadata", "labels", default={})
        name = ObjectName.of(manifest)
        if (
            _is_near(objects, policy, selector, name.namespace)
            and selects(selector, lambda key, has=labels: read(has, key))
            and is_permitted(objects, ObjectName.of(policy), name)
        ):
            yield name


def _is_near(objects: Objects, policy: Manifest, selector: Any, namespace: str) -> bool:
    match read(selector, "namespaces", "from", default="Same"):
        case "All":
            return True
        case "Selector":
            labels = read(selector, "namespaces", "selector")
            return selects(labels, lambda key: objects.label(namespace, key))
        case _:
            return namespace == namespace_of(policy)


def section_kind(kind: str) -> str:
    """The part that a `sectionName` names in an object of this kind: a listener, a port or a rule."""
    return _SECTIONS.get(kind, "rule")
