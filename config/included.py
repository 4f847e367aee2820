"""Included files: apps, objects, policies, routes and tests of a stack that are in files of their own.

Pulumi passes the keys of the stack's file to the program; the program itself reads the files that `include` lists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, cast

from diagnostics import Path, Problem, listed, problem
from diagnostics.problem import FileStep
from kube.yaml_text import YamlError, read_yaml

SECTIONS = ("apps", "objects", "policies", "routes", "tests")
"""Keys that an included file can have."""


@dataclass(frozen=True, kw_only=True)
class Included:
    """The files that a stack includes, and its keys with those of the files."""

    files: Mapping[FileStep, Mapping[str, Any]]
    """The content of each file."""
    merged: Mapping[str, Any]
    """The keys of the stack and of the files."""
    problems: tuple[Problem, ...]
    entries: Mapping[Path, Path]
    """The path in its file of each entry of `merged` that a file has, such as `routes.web` or `objects[0]`."""

    def own_path(self, path: Path) -> Path:
        """The path of a value where the user wrote it: in an included file, else in the stack's file."""
        entry = self.entries.get(path[:2])
        return (*entry, *path[2:]) if entry else path


def read(raw: Mapping[str, Any], directory: File) -> Included:
    """Read the files that the keys `raw` include. Their paths are relative to `directory`, and do not lead out of it.

    A section that is not of the right type is left out: the rules of its type report it.
    """
    names = raw.get("include")
    paths = cast(list[Any], names) if isinstance(names, list) else []
    files: dict[FileStep, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    for index, name in enumerate(paths):
        if isinstance(name, str):
            content = _read(name, directory, ("include", index))
            if isinstance(content, Problem):
                problems.append(content)
            else:
                files[FileStep(name)] = content
    merged, entries = dict(raw), dict[Path, Path]()
    for file, content in files.items():
        problems += [*_wrong_sections(file, content), *_add(file, content, merged, entries)]
    return Included(files=files, merged=merged, problems=tuple(problems), entries=entries)


def _read(name: str, directory: File, place: Path) -> Mapping[str, Any] | Problem:
    """The content of a file, or the problem at the key that names it."""
    try:
        file = (directory / name).resolve()
        if not file.is_relative_to(directory.resolve()):
            return problem("include-outside", place, name)
        if not file.is_file():
            return problem("include-missing", place, name)
        content: Any = read_yaml(file.read_bytes())
    except YamlError as error:
        return problem("include-not-yaml", (FileStep(name),), reason=error)
    except (OSError, ValueError) as error:  # a ValueError for a name with a NUL
        return problem("include-unreadable", place, name, reason=getattr(error, "strerror", error))
    if not isinstance(content, dict | None):
        return problem("include-not-yaml", (FileStep(name),), reason=f"must have the keys {listed(SECTIONS)}")
    return cast(Mapping[str, Any], content or {})


def _wrong_sections(file: FileStep, content: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in content.items():
        if key not in SECTIONS:
            yield problem("include-other-key", (file, key), sections=listed(SECTIONS))
        elif not isinstance(value, list if key == "objects" else dict):
            yield problem("config-list" if key == "objects" else "config-group", (file, key))


def _add(
    file: FileStep, content: Mapping[str, Any], merged: dict[str, Any], entries: dict[Path, Path]
) -> Iterator[Problem]:
    """Add the sections of a file to `merged` and `entries`; yield the names that are taken."""
    for key in SECTIONS:
        new: Any = content.get(key)
        own: Any = merged.get(key, type(new)())
        if isinstance(new, list) and isinstance(own, list):
            first = len(cast(list[Any], own))
            entries |= {(key, first + index): (file, key, index) for index in range(len(cast(list[Any], new)))}
            merged[key] = [*own, *new]
        elif isinstance(new, dict) and isinstance(own, dict):
            names = cast(dict[str, Any], new)
            for name in names.keys() & own.keys():
                other = entries.get((key, name), ("the stack's file",))[0]
                yield problem("include-name-taken", (file, key, name), other=other)
            entries |= {(key, name): (file, key, name) for name in names if name not in own}
            merged[key] = {**own, **{name: value for name, value in names.items() if name not in own}}
