"""The catalogue: every code with its sentences, read from catalogue.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The sentences of one code. Words in braces are filled in for each problem."""

    code: str
    subject: str
    """Heading of the code's section in docs/checks.md."""
    rule: str
    """The sentence that says what is wrong."""
    fix: str = ""
    """The sentence that says what to change."""
    about: str = ""
    """Why the rule exists and what happens when it is broken, for docs/checks.md."""


def entry(code: str) -> Entry:
    """The entry of a code. Raises KeyError for a code that the catalogue does not have."""
    return catalogue()[code]


@cache
def catalogue() -> Mapping[str, Entry]:
    """All entries by code, in the order of the file."""
    sections: Mapping[str, Mapping[str, Mapping[str, Any]]] = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    return {
        code: Entry(code=code, subject=subject, **sentences)
        for subject, codes in sections.items()
        for code, sentences in codes.items()
    }
