"""Objects as a cluster without Pulumi gets them: without the marks of Pulumi, and without any secret value."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from diagnostics.problem import Path, field_path
from kube.json_paths import children
from kube.labels import is_for_pulumi
from kube.manifest import Manifest, ObjectName, kind_of
from kube.plan_run import is_sealed
from kube.unknown import UNKNOWN
from plans import SecretValue

_CONTENT = ("data", "stringData")


class RenderError(Exception):
    """A plan that cannot be files. The message names objects and fields."""


def is_secret(manifest: Manifest) -> bool:
    """Whether an object is a Secret with content."""
    return kind_of(manifest) == "Secret" and any(manifest.get(name) for name in _CONTENT)


def secret_keys(manifest: Manifest) -> list[str]:
    """Keys of a Secret, without their values."""
    keys: set[str] = set()
    for name in _CONTENT:
        content = manifest.get(name)
        if isinstance(content, SecretValue):
            keys |= {*content.keys}
        elif isinstance(content, Mapping):
            keys |= {*cast(Mapping[str, Any], content)}
    return sorted(keys)


def without_content(manifest: Manifest) -> Manifest:
    """A Secret without its values."""
    return {name: field for name, field in manifest.items() if name not in _CONTENT}


def rendered(manifest: Manifest) -> Manifest:
    """The object as it is applied.

    Annotations that only Pulumi reads are left out, and so are those with a value that is secret or known only after
    `up`. Raises RenderError for such a value in any other field.
    """
    result = _without_marks(manifest)
    if hidden := [f"{field_path(path)} {why}" for path, why in _hidden(result)]:
        fields = "; ".join(hidden)
        raise RenderError(f"{ObjectName.declared(manifest)} cannot be rendered: {fields}.")
    return result


def left_out(manifest: Manifest) -> list[str]:
    """Names of the annotations, at any depth, whose values a render cannot have."""
    return sorted({str(path[-1]) for path, _ in _hidden(manifest) if _is_annotation(path)})


def _without_marks(manifest: Manifest) -> Manifest:
    metadata: Mapping[str, Any] = manifest["metadata"]
    own: Mapping[str, Any] = metadata.get("annotations") or {}
    annotations = {name: value for name, value in own.items() if not is_for_pulumi(name)}
    kept = {name: value for name, value in metadata.items() if name != "annotations"}
    changed = {**kept, **({"annotations": annotations} if annotations else {})}
    return _without_hidden_annotations({**manifest, "metadata": changed})


def _without_hidden_annotations(value: Any, path: Path = ()) -> Any:
    if isinstance(value, list):
        return [_without_hidden_annotations(item, (*path, index)) for index, item in children(value)]
    if not isinstance(value, Mapping):
        return value
    kept = {
        name: _without_hidden_annotations(item, (*path, name))
        for name, item in children(value)
        if not (_is_annotation((*path, name)) and _why(item))
    }
    return {name: item for name, item in kept.items() if not (name == "annotations" and item == {} and value[name])}


def _hidden(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if why := _why(value):
        yield path, why
    for step, child in children(value):
        yield from _hidden(child, (*path, step))


def _why(value: Any) -> str | None:
    if value is UNKNOWN:
        return "is known only after `up`"
    return "is secret" if isinstance(value, SecretValue) or is_sealed(value) else None


def _is_annotation(path: Path) -> bool:
    return len(path) > 2 and path[-3:-1] == ("metadata", "annotations")
