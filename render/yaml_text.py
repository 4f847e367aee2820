"""YAML text of an object: the same bytes each time, and the same values for every reader."""

import re
from collections.abc import Mapping
from typing import Any, cast

import yaml

_FIRST = ("apiVersion", "kind", "metadata", "type", "spec")
_FIRST_IN_METADATA = ("name", "namespace", "labels", "annotations")
_FIRST_BELOW = ("name",)
# A reader of YAML 1.1, such as kubectl, takes these words for booleans or null. Numbers, dates and the like do not
# begin with a letter or a slash.
_PLAIN = re.compile(r"[A-Za-z/]")
_STRING = "tag:yaml.org,2002:str"
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def yaml_text(*documents: Mapping[str, Any]) -> str:
    """The objects as YAML documents. apiVersion, kind, metadata and spec come first, all other keys by name."""
    return yaml.dump_all(
        [_ordered(document, _FIRST) for document in documents],
        Dumper=_Dumper,
        sort_keys=False,
        width=1_000_000,
        allow_unicode=True,
        explicit_start=len(documents) > 1,
    )


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.match(text) and text.lower() not in _WORDS
    style = "|" if "\n" in text else None if plain else '"'
    return dumper.represent_scalar(_STRING, text, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _represent)


def _ordered(value: Any, first: tuple[str, ...] = _FIRST_BELOW) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in cast(list[Any], value)]
    if not isinstance(value, Mapping):
        return value
    fields = cast(Mapping[str, Any], value)
    names = [*(name for name in first if name in fields), *sorted(fields.keys() - {*first})]
    return {name: _ordered(fields[name], _FIRST_IN_METADATA if name == "metadata" else _FIRST_BELOW) for name in names}
