"""Keys of the tools in the store: one for each tool, version and set of pins."""

import hashlib
from dataclasses import replace
from pathlib import Path

from local.toolchain.pins import GROUPS, Artefact, GoProgram, ModuleFile

_SOURCES = {".go", ".mod", ".sum", ".txt", ".html", ".js", ".css"}


def store_key(artefact: Artefact) -> str:
    """Return name, version and a hash of everything that the tool is built from.

    A release of the same version replaces a build, so a checksum that is added to the pins builds nothing again.
    """
    digest = hashlib.sha256(repr(replace(artefact, releases=())).encode())
    for group in sorted({step.group for step in artefact.recipe if isinstance(step, GoProgram | ModuleFile)}):
        digest.update(repr(replace(GROUPS[group], directory=Path())).encode())
        for path in sorted(GROUPS[group].directory.rglob("*")):
            if path.suffix in _SOURCES:
                digest.update(path.read_bytes())
    return f"{artefact.name}-{artefact.version}-{digest.hexdigest()[:12]}"
