"""Good and bad objects of every kind of the release, in `verdicts/`: one file a kind.

`shared` has what several objects repeat. An object has the file's apiVersion and kind and is called `a`, unless it says
otherwise. `breaks` are the rules that a bad one breaks, each after its field.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FILES = Path(__file__).parent / "verdicts"


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    wire: dict[str, Any]
    breaks: tuple[str, ...]


def _of_file(path: Path) -> list[Case]:
    file = yaml.safe_load(path.read_text())
    common = {"apiVersion": file["apiVersion"], "kind": file["kind"], "metadata": {"name": "a"}}
    good = [(name, wire, ()) for name, wire in file["good"].items()]
    bad = [(name, case["object"], tuple(case["breaks"])) for name, case in file["bad"].items()]
    return [
        Case(name=f"{file['kind']}: {name}", wire=common | wire, breaks=breaks) for name, wire, breaks in [*good, *bad]
    ]


CASES = [case for path in sorted(_FILES.glob("*.yaml")) for case in _of_file(path)]
"""Of the release's kinds."""
BUILTIN = [case for path in sorted((_FILES / "kubernetes").glob("*.yaml")) for case in _of_file(path)]
"""Of kinds that Kubernetes itself has."""
