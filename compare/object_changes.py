"""Objects: those that are created, updated, replaced and deleted, with the fields that change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from compare.guards import canonical
from diagnostics import Path
from diagnostics.problem import field_path
from kube.labels import is_for_pulumi
from kube.manifest import ObjectName, group_of, kind_of
from kube.read import NotKnown
from kube.unknown import UNKNOWN
from plans import Plan, Planned, SecretValue

Action = Literal["create", "update", "replace", "delete"]
_ABSENT = object()
_LONGEST = 300

_FIXED: Mapping[str, tuple[Path, ...]] = {
    "PersistentVolumeClaim": (
        ("spec", "storageClassName"),
        ("spec", "accessModes"),
        ("spec", "volumeName"),
        ("spec", "selector"),
        ("spec", "volumeMode"),
    ),
    "Service": (("spec", "clusterIP"),),
    "Deployment": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
    "Job": (("spec", "selector"), ("spec", "template")),
    "Secret": (("type",),),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "GatewayClass": (("spec", "controllerName"),),
}
"""Fields that an API server does not change: the object is deleted and created again."""
_IDENTITY: tuple[Path, ...] = (("kind",), ("metadata", "name"), ("metadata", "namespace"))


@dataclass(frozen=True)
class FieldChange:
    """A field that has another value. `old` and `new` are JSON, or words for a value that is not shown."""

    path: Path
    old: str
    new: str

    @property
    def field(self) -> str:
        return field_path(self.path)

    def __str__(self) -> str:
        return f"{self.field}: {self.old} -> {self.new}"


@dataclass(frozen=True, kw_only=True)
class ObjectChange:
    """An object that differs between the plans."""

    action: Action
    kind: str
    name: str
    """Kind, namespace and name; that of the base for a deleted or replaced object."""
    fields: tuple[FieldChange, ...] = ()
    because: tuple[str, ...] = ()
    """The fields for which an object is replaced."""
    before: Planned | None = None
    after: Planned | None = None

    def __str__(self) -> str:
        return f"{self.action} {self.name}"


_ORDER: tuple[Action, ...] = ("delete", "replace", "update", "create")


def object_changes(base: Plan, head: Plan) -> tuple[list[ObjectChange], int]:
    """The changes, deletions and replacements first; and the number of objects that only have another URN."""
    pairs, moved = _paired(base, head)
    found = [change for before, after in pairs if (change := _change(before, after)) is not None]
    return sorted(found, key=lambda change: (_ORDER.index(change.action), change.kind, change.name)), moved


def named(planned: Planned) -> str:
    """Kind, namespace and name of an object, or its name in Pulumi where the name is not known yet."""
    try:
        return str(ObjectName.declared(planned.manifest))
    except NotKnown:
        return f"{kind_of(planned.manifest)} {planned.name}"


def _paired(base: Plan, head: Plan) -> tuple[list[tuple[Planned | None, Planned | None]], int]:
    """The objects of both sides, each with the same object of the other side: by URN, by alias, then by name."""
    old = {each.urn: each for each in base.objects}
    pairs: list[tuple[Planned | None, Planned | None]] = []
    left: list[Planned] = []
    for after in head.objects:
        urn = after.urn if after.urn in old else next((alias for alias in sorted(after.aliases) if alias in old), "")
        if urn:
            pairs.append((old.pop(urn), after))
        else:
            left.append(after)
    by_name = {_identity(each): each for each in old.values()}
    moved = 0
    for after in left:
        before = by_name.pop(_identity(after), None)
        if before is not None:
            old.pop(before.urn)
            moved += 1
        pairs.append((before, after))
    return [*pairs, *((before, None) for before in old.values())], moved


def _identity(planned: Planned) -> tuple[str, str]:
    return group_of(planned.manifest), named(planned)


def _change(before: Planned | None, after: Planned | None) -> ObjectChange | None:
    if before is None and after is not None:
        return ObjectChange(action="create", kind=kind_of(after.manifest), name=named(after), after=after)
    if after is None and before is not None:
        return ObjectChange(action="delete", kind=kind_of(before.manifest), name=named(before), before=before)
    if before is None or after is None:
        return None
    fields = tuple(_differences(before.manifest, after.manifest, ()))
    if not fields:
        return None
    kind = kind_of(before.manifest)
    fixed = (*_IDENTITY, *_FIXED.get(kind, ()))
    because = tuple(
        dict.fromkeys(field_path(path) for path in fixed if any(_touches(one.path, path) for one in fields))
    )
    return ObjectChange(
        action="replace" if because else "update",
        kind=kind,
        name=named(before),
        fields=fields,
        because=because,
        before=before,
        after=after,
    )


def _touches(changed: Path, fixed: Path) -> bool:
    shorter = min(len(changed), len(fixed))
    return changed[:shorter] == fixed[:shorter]


def _differences(old: Any, new: Any, path: Path) -> Iterator[FieldChange]:
    """The fields that differ, apart from the annotations that only Pulumi reads and the mark of the stack."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast(Mapping[str, Any], old), cast(Mapping[str, Any], new)
        for name in sorted(before.keys() | after.keys()):
            if path != ("metadata", "annotations") or not is_for_pulumi(name):
                yield from _differences(before.get(name, _ABSENT), after.get(name, _ABSENT), (*path, name))
    elif isinstance(old, list) and isinstance(new, list):
        befores, afters = cast(list[Any], old), cast(list[Any], new)
        for index in range(max(len(befores), len(afters))):
            before = befores[index] if index < len(befores) else _ABSENT
            yield from _differences(before, afters[index] if index < len(afters) else _ABSENT, (*path, index))
    elif isinstance(old, SecretValue) or isinstance(new, SecretValue):
        if old != new:
            yield FieldChange(path, "secret", "content changes")
    elif old is not new and old != new and not (_is_empty(old) and _is_empty(new)):
        yield FieldChange(path, _text(old), _text(new))


def _is_empty(value: Any) -> bool:
    """Whether a field is missing, or holds only annotations that do not count."""
    if not isinstance(value, Mapping):
        return value is _ABSENT
    return all(map(is_for_pulumi, cast(Mapping[str, Any], value)))


def _text(value: Any) -> str:
    if value is _ABSENT:
        return "none"
    text = canonical(shown(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def shown(value: Any) -> Any:
    """A value with words in place of secrets and of values that are not known yet."""
    if isinstance(value, SecretValue):
        return "<secret>"
    if value is UNKNOWN:
        return "<known after up>"
    if isinstance(value, Mapping):
        return {name: shown(item) for name, item in cast(Mapping[str, Any], value).items()}
    return [shown(item) for item in cast(list[Any], value)] if isinstance(value, list) else value
