"""Labels, selectors and the metadata that every object of the stack carries."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

# Without it the provider makes up a field manager per resource and keeps it in the state: with the state lost, or after
# a killed run, the objects that exist would be somebody else's, and applying them again a conflict.
OWNERSHIP = {"pulumi.com/patchFieldManager": "synergychat"}


PART_OF = "app.kubernetes.io/part-of"
OURS = {PART_OF: "synergychat", "app.kubernetes.io/managed-by": "pulumi"}
"""Labels of every object of the stack; what looks at a running stack finds its objects by them."""


def selector(app: str) -> dict[str, str]:
    """What tells the pods of `app` from all others. Immutable in a Deployment: changing it replaces the Deployment."""
    return {"app.kubernetes.io/name": app, PART_OF: OURS[PART_OF]}


def labels(app: str) -> dict[str, str]:
    return {**selector(app), **OURS}


def pods_of(namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """A NetworkPolicy's peer: the pods of another namespace with these labels."""
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": dict(labels)},
    }


def metadata(
    app: str,
    name: str,
    *,
    namespace: pulumi.Input[str] | None = None,
    annotations: Mapping[str, str] | None = None,
    extra_labels: Mapping[str, str] | None = None,
) -> ObjectMetaArgsDict:
    """Metadata of an object that belongs to `app`; the same in the typed and in the wire form."""
    result: ObjectMetaArgsDict = {
        "name": name,
        "labels": {**labels(app), **(extra_labels or {})},
        "annotations": {**OWNERSHIP, **(annotations or {})},
    }
    if namespace is not None:
        result["namespace"] = namespace
    return result
