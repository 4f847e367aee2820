"""Metadata of every object. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""

from collections.abc import Iterator, Mapping
from typing import Any

from checks.schema.formats import LABEL, LABEL_VALUE, QUALIFIED_NAME, SUBDOMAIN, Format
from checks.schema.structural import Schema
from diagnostics import Path, Problem, problem
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
"""Schema of the metadata: a CRD says only that it is an object."""
_ANNOTATIONS_LIMIT = 256 * 1024


def wrong_metadata(metadata: Any, *, namespaced: bool, name: Format = SUBDOMAIN) -> Iterator[Problem]:
    """Problems of values with the right types; the schema refuses the others."""
    if metadata is UNKNOWN:
        return
    fields = dict(children(metadata))
    if not fields.get("name") and not fields.get("generateName"):
        yield problem("field-required", ("metadata", "name"))
    yield from _formatted(("metadata", "name"), fields.get("name"), name)
    if namespaced:
        yield from _formatted(("metadata", "namespace"), fields.get("namespace"), LABEL)
    for key, value in children(fields.get("labels")):
        yield from _key(("metadata", "labels", key), key)
        yield from _formatted(("metadata", "labels", key), value, LABEL_VALUE)
    for key, _ in children(fields.get("annotations")):
        # Unlike a label's, the prefix of an annotation's key may have capitals.
        yield from _key(("metadata", "annotations", key), key.lower())
    yield from _size(dict(children(fields.get("annotations"))))
    for index, finalizer in children(fields.get("finalizers")):
        yield from _formatted(("metadata", "finalizers", index), finalizer, QUALIFIED_NAME)


def _formatted(path: Path, value: Any, format: Format) -> Iterator[Problem]:
    # An empty name is a missing one, an empty namespace the default one.
    if isinstance(value, str) and value and not format.holds(value):
        yield problem(format.code, path, value)


def _key(path: Path, key: str) -> Iterator[Problem]:
    if not QUALIFIED_NAME.holds(key):
        yield problem("metadata-key-invalid", path)


def _size(annotations: Mapping[str, Any]) -> Iterator[Problem]:
    size = sum(len(text.encode()) for pair in annotations.items() for text in pair if isinstance(text, str))
    if size > _ANNOTATIONS_LIMIT:
        yield problem(
            "annotations-too-large",
            ("metadata", "annotations"),
            limit=_ANNOTATIONS_LIMIT >> 10,
            size=f"{size / 1024:.0f}",
        )
