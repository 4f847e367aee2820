"""Labels, selectors and the metadata that every object of a stack has."""

from collections.abc import Mapping
from typing import Any

from diagnostics.source import SourcedDict
from kube.manifest import Manifest

FIELD_MANAGER = {"pulumi.com/patchFieldManager": "synergychat"}
"""Fixes the field manager. The provider would otherwise make up one per resource and keep it in the state: after a lost
state or a killed run, applying the existing objects again would be a conflict."""

STACK = "synergychat/stack"
"""Annotation that names the stack of an object."""

_PULUMI = "pulumi.com/"

PART_OF = "app.kubernetes.io/part-of"
COMMON = {PART_OF: "synergychat", "app.kubernetes.io/managed-by": "pulumi"}
"""Labels of every object of the stack; `make status` finds the objects by them."""


def is_for_pulumi(annotation: str) -> bool:
    """Whether only Pulumi reads an annotation: it is the mark of the stack, or for the Kubernetes provider."""
    return annotation == STACK or annotation.startswith(_PULUMI)


def selector(app: str) -> dict[str, str]:
    """Labels that select the pods of `app`. Immutable in a Deployment: a change replaces the Deployment."""
    return {"app.kubernetes.io/name": app, PART_OF: COMMON[PART_OF]}


def labels(app: str) -> dict[str, str]:
    """Labels of an object that belongs to `app`."""
    return {**selector(app), **COMMON}


def pods_of(namespace: str, labels: Mapping[str, str]) -> Manifest:
    """A NetworkPolicy peer: the pods of another namespace with these labels."""
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": dict(labels)},
    }


def metadata(
    app: str,
    name: str,
    *,
    namespace: str | None = None,
    annotations: Mapping[str, Any] | None = None,
    extra_labels: Mapping[str, str] | None = None,
) -> Manifest:
    """Metadata of an object that belongs to `app`."""
    result: Manifest = {
        "name": name,
        "labels": {**labels(app), **(extra_labels or {})},
        "annotations": _with_field_manager(annotations or {}),
    }
    return result if namespace is None else {**result, "namespace": namespace}


def _with_field_manager(annotations: Mapping[str, Any]) -> Mapping[str, Any]:
    merged = {**FIELD_MANAGER, **annotations}
    return SourcedDict(merged, annotations.source) if isinstance(annotations, SourcedDict) else merged
