"""The recipes of a page of docs: each one's piece of config or of Python, by its heading; and which have a test."""

import re
from collections.abc import Callable, Iterable
from textwrap import indent
from typing import Any, cast

import yaml

from local.paths import REPOSITORY

Config = dict[str, Any]
Check = Callable[..., None]


def recipes(page: str) -> dict[str, Config]:
    """Pieces of config. `page` is the name of a file in docs."""
    own = programs(page)
    return {
        heading: yaml.safe_load(_block(heading, text, "yaml"))
        for heading, text in _sections(page).items()
        if heading not in own
    }


def programs(page: str) -> dict[str, str]:
    """Pieces of Python."""
    sections = _sections(page).items()
    return {heading: _block(heading, text, "python") for heading, text in sections if "```python" in text}


def with_programs(main: str, pieces: Iterable[str]) -> str:
    """The text of `__main__.py` with pieces of Python where the page says that they go: at the end of its `with`."""
    block, after = main.split("\naccess = ")
    indented = [indent(piece, "    ") for piece in pieces]
    return "\n".join([block, *indented, f"access = {after}"])


class Checked:
    """The headings of recipes that a test is marked with."""

    def __init__(self) -> None:
        self.headings: set[str] = set()

    def of(self, heading: str) -> Callable[[Check], Check]:
        """Marks the test of a recipe."""
        self.headings.add(heading)
        return lambda test: test


def _sections(page: str) -> dict[str, str]:
    text = (REPOSITORY / "docs" / page).read_text()
    sections = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(sections[::2], sections[1::2], strict=True))


def _block(heading: str, text: str, language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) or [""]
    assert block, f"{heading} has no {language} block"
    return block


def file_with(original: str, pieces: Iterable[Config]) -> str:
    """The text of a stack's file, with pieces of config beside its own, or in place of its own, such as a host name."""
    document = yaml.safe_load(original)
    document["config"] = _joined(document["config"], together(pieces), replaces=True)
    return yaml.safe_dump(document, sort_keys=False)


def together(pieces: Iterable[Config]) -> Config:
    """Merge pieces as a reader puts them into one file: keys of one group together, and entries of a list too."""
    whole: Config = {}
    for piece in pieces:
        whole = _joined(whole, piece)
    return whole


def _joined(one: Config, other: Config, *, replaces: bool = False) -> Config:
    result = one | other
    for key in one.keys() & other.keys():
        below, above = one[key], other[key]
        if isinstance(below, dict):
            result[key] = _joined(cast(Config, below), cast(Config, above), replaces=replaces)
        elif isinstance(below, list):
            result[key] = [*cast(list[Any], below), *cast(list[Any], above)]
        elif below != above and not replaces:
            raise ValueError(f"two recipes set {key} to different values")
    return result
