"""Unreadable values: those that are valid JSON for Python, and for no parser of the typed config."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from diagnostics import Path, Problem, problem
from kube.json_paths import children
from kube.yaml_text import DEEPEST

TOO_DEEP = object()
"""Stands for a value with more levels than Python's own parser reads."""


def unreadable_values(raw: Mapping[str, object]) -> Iterator[Problem]:
    """The problem of each value or name that is no Unicode text, and of each value with too many levels."""
    for key, value in raw.items():
        yield from _unreadable((key,), value)


def _unreadable(path: Path, value: Any) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _not_unicode(path, value)
    if value is TOO_DEEP or (len(path) > DEEPEST and isinstance(value, dict | list)):
        yield problem("config-too-deep", path[:1], levels=DEEPEST)
        return
    for step, child in children(value):
        wrong = list(_not_unicode(path, step)) if isinstance(step, str) else []
        yield from wrong or _unreadable((*path, cast(str | int, step)), child)


def _not_unicode(path: Path, text: str) -> Iterator[Problem]:
    """The problem of half a surrogate pair, which no encoding of Unicode can write."""
    half = next((character for character in text if "\ud800" <= character <= "\udfff"), None)
    if half is not None:
        yield problem("config-not-unicode", path, character=f"\\u{ord(half):04x}")
