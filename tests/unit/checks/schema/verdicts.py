"""Verdicts: good and bad objects of every kind of the release, in `verdicts/`, one file per kind.

`shared` has what several objects repeat. An object has the file's apiVersion and kind and the name `a`, unless it sets
its own. `breaks` lists the problems of a bad object, in the order in which they are shown. A problem has the field
(`at`), the `code`, and the words that the schema adds to the sentence of the code, such as the `message` of a CEL rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from diagnostics import Problem
from kube.manifest import Manifest

_FILES = Path(__file__).parent / "verdicts"
_WORDS_OF_FIXES = ("fix", "suggestion")
Verdict = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    manifest: Manifest
    breaks: Sequence[Verdict]


def verdict(problem: Problem) -> Verdict:
    """The problem as an entry of `breaks`."""
    words = {name: word for name, word in problem.words.items() if name not in _WORDS_OF_FIXES}
    return {"at": problem.field, "code": problem.code, **words}


def _of_file(path: Path) -> list[Case]:
    file = yaml.safe_load(path.read_text())
    common: dict[str, Any] = {"apiVersion": file["apiVersion"], "kind": file["kind"], "metadata": {"name": "a"}}
    good = [(name, manifest, []) for name, manifest in file["good"].items()]
    bad = [(name, case["object"], case["breaks"]) for name, case in file["bad"].items()]
    return [
        Case(
            name=f"{file['kind']}: {name}",
            manifest=common | manifest,
            breaks=[{key: str(word) for key, word in problem.items()} for problem in breaks],
        )
        for name, manifest, breaks in [*good, *bad]
    ]


CASES = [case for path in sorted(_FILES.glob("*.yaml")) for case in _of_file(path)]
"""Cases of the release's kinds."""
BUILTIN = [case for path in sorted((_FILES / "kubernetes").glob("*.yaml")) for case in _of_file(path)]
"""Cases of Kubernetes' own kinds."""
