"""What every object's metadata must be. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""

from collections.abc import Iterator, Mapping
from typing import Any

from checks.schema.formats import LABEL, LABEL_VALUE, QUALIFIED_NAME, SUBDOMAIN, Format
from checks.schema.structural import Schema
from diagnostics.problem import Mistake, Path
from kube.json_paths import children
from kube.unknown import UNKNOWN

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "object", "additionalProperties": _TEXT}
_NUMBER: Schema = {"type": "integer"}
_OBJECTS: Schema = {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
METADATA: Schema = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "generateName": _TEXT,
        "namespace": _TEXT,
        "labels": _TEXTS,
        "annotations": _TEXTS,
        "finalizers": {"type": "array", "items": _TEXT},
        "ownerReferences": _OBJECTS,
        "managedFields": _OBJECTS,
        "uid": _TEXT,
        "resourceVersion": _TEXT,
        "generation": _NUMBER,
        "selfLink": _TEXT,
        "creationTimestamp": _TEXT,
        "deletionTimestamp": _TEXT,
        "deletionGracePeriodSeconds": _NUMBER,
    },
}
"""A CRD says only that metadata is an object; its fields are those of every object."""
_ANNOTATIONS_LIMIT = 256 * 1024


def mistakes(metadata: Any, *, namespaced: bool, name: Format = SUBDOMAIN) -> Iterator[Mistake]:
    """In values that have the right types; the others are the schema's."""
    if metadata is UNKNOWN:
        return
    fields = dict(children(metadata))
    if not fields.get("name") and not fields.get("generateName"):
        yield Mistake(path=("metadata", "name"), rule="is required", cure="add it")
    yield from _held(("metadata", "name"), fields.get("name"), name)
    if namespaced:
        yield from _held(("metadata", "namespace"), fields.get("namespace"), LABEL)
    for key, value in children(fields.get("labels")):
        yield from _key(("metadata", "labels", key), key)
        yield from _held(("metadata", "labels", key), value, LABEL_VALUE)
    for key, _ in children(fields.get("annotations")):
        # The prefix of an annotation's key may be in capitals, unlike a label's.
        yield from _key(("metadata", "annotations", key), key.lower())
    yield from _size(dict(children(fields.get("annotations"))))
    for index, finalizer in children(fields.get("finalizers")):
        yield from _held(("metadata", "finalizers", index), finalizer, QUALIFIED_NAME)


def _held(path: Path, value: Any, format: Format) -> Iterator[Mistake]:
    # An empty name is a missing one, an empty namespace the default one.
    if isinstance(value, str) and value and not format.holds(value):
        yield Mistake(path=path, value=value, rule=format.text)


def _key(path: Path, key: str) -> Iterator[Mistake]:
    if not QUALIFIED_NAME.holds(key):
        yield Mistake(path=path, rule=f"its key {QUALIFIED_NAME.text}")


def _size(annotations: Mapping[str, Any]) -> Iterator[Mistake]:
    size = sum(len(text.encode()) for pair in annotations.items() for text in pair if isinstance(text, str))
    if size > _ANNOTATIONS_LIMIT:
        rule = f"must have at most {_ANNOTATIONS_LIMIT >> 10} KiB in all (it has {size / 1024:.0f})"
        yield Mistake(path=("metadata", "annotations"), rule=rule)
