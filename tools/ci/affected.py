"""The stacks that a change of files can change."""

import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kube.yaml_text import YamlError, read_yaml
from local.paths import REPOSITORY
from tools.environment import PROJECT
from tools.git import git

_WITHOUT_EFFECT = ("docs/", "tests/", ".github/", ".ci/", "tools/ci/", "tools/docs/", "tools/conformance/")
"""Directories that no plan depends on."""
_FILES_WITHOUT_EFFECT = (
    ".gitignore",
    "config.schema.json",
    *(f"requirements-{name}.{suffix}" for name in ("dev", "newest", "hardening") for suffix in ("in", "txt")),
)


def affected(changed: Iterable[str], inputs: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the stacks that the changed files can change, sorted.

    A file that one of the `inputs` names changes those stacks only. Documentation and tests change none. Every other
    file is of the program, and changes all stacks.
    """
    stacks: set[str] = set()
    for file in changed:
        readers = {stack for stack, files in inputs.items() if file in files}
        if readers:
            stacks |= readers
        elif not _is_without_effect(file):
            return sorted(inputs)
    return sorted(stacks)


def _is_without_effect(file: str) -> bool:
    # The file of a stack that does not exist any more is no input of the others.
    is_stack_file = file.startswith("Pulumi.") and file.endswith(".yaml") and file != "Pulumi.yaml"
    return file.startswith(_WITHOUT_EFFECT) or file.endswith(".md") or file in _FILES_WITHOUT_EFFECT or is_stack_file


def inputs_of_stacks(directory: Path = REPOSITORY) -> dict[str, frozenset[str]]:
    """Return the files of each stack: its own and those that it includes. Paths are relative to the directory."""
    return {
        file.name.removeprefix("Pulumi.").removesuffix(".yaml"): frozenset({file.name, *_included(file)})
        for file in sorted(directory.glob("Pulumi.*.yaml"))
    }


def _included(file: Path) -> list[str]:
    """Return the paths in a stack's `include`. The preview reports what is wrong with the file."""
    try:
        document: Any = read_yaml(file.read_bytes())
    except YamlError:
        return []
    config = document.get("config") if isinstance(document, dict) else None
    names = config.get(f"{PROJECT}:include") if isinstance(config, dict) else None
    return [posixpath.normpath(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []


def changed_files(base: str, directory: Path = REPOSITORY) -> list[str]:
    """Return the files that differ between a revision and the one that is checked out; a renamed file twice."""
    return git("diff", "--name-only", "--no-renames", "-z", base, "HEAD", "--", directory=directory).split("\0")[:-1]
