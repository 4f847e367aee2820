"""YAML that people write, read within limits: a short text must not become more than a program can hold."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

DEEPEST = 64
"""Levels of nesting. The largest CRD of Envoy Gateway has 36."""
_MOST_REPEATED = 10_000


class YamlError(Exception):
    """The text cannot be used. The message continues a sentence that starts with the name of the file."""


def read_yaml(text: bytes) -> Any:
    """The document in the text, as JSON would have it: every key a string, every alias a copy. Raises YamlError."""
    try:
        _check_limits(text)
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 # a safe loader
        return json.loads(json.dumps(document, allow_nan=False))
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(f"is not YAML: {' '.join(str(error).split())}") from error
    except (TypeError, ValueError) as error:
        raise YamlError("has a value that JSON does not have, such as binary data or .inf") from error


class _Loader(yaml.CSafeLoader):
    """Reads plain values as Pulumi does: `on`, `no`, `10:30` and dates are strings."""


_TAG = "tag:yaml.org,2002:"
_STRINGS = re.compile(r"(?i:yes|no|on|off|y|n)$|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")
"""What YAML 1.1 reads as booleans, and as numbers to the base 60."""


def _resolvers() -> Iterator[tuple[str, list[tuple[str, re.Pattern[str]]]]]:
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items():
        kept = [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
        yield first, [(f"{_TAG}str", _STRINGS), *kept]


_Loader.yaml_implicit_resolvers = dict(_resolvers())


def _check_limits(text: bytes) -> None:
    """Count levels and repeated values while the text is parsed, before anything is built from it."""
    sizes: dict[str | None, int] = {}
    """Number of values below each anchor, with those that its own aliases repeat."""
    open_: list[tuple[str | None, int]] = [(None, 0)]
    repeated = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.CollectionStartEvent(anchor=anchor):
                open_.append((anchor, 1))
                if len(open_) > DEEPEST + 1:
                    raise YamlError(f"has more than {DEEPEST} levels of nesting")
                continue
            case yaml.CollectionEndEvent():
                anchor, size = open_.pop()
            case yaml.ScalarEvent(anchor=anchor):
                size = 1
            case yaml.AliasEvent(anchor=anchor):
                if anchor in {name for name, _ in open_}:
                    raise YamlError(f"has an alias *{anchor} within its own anchor")
                repeated += (size := sizes.get(anchor, 0))
                if repeated > _MOST_REPEATED:
                    raise YamlError(f"repeats more than {_MOST_REPEATED} values by aliases: write them out")
                anchor = None
            case _:
                continue
        if anchor is not None:
            sizes[anchor] = size
        parent, count = open_[-1]
        open_[-1] = parent, count + size
