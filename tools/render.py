"""`make render`: a stack as YAML files in a directory, for kubectl, kustomize, Argo CD or Flux."""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from diagnostics.terminal import printable
from kube.atomic_write import write_whole
from kube.yaml_text import YamlError, read_yaml
from local import supplies
from local.errors import UserError
from local.toolchain.progress import Progress
from render import Format, Options, RenderError, Stubs, render
from tools.planned import planned
from tools.stack import Stack

LIST = ".rendered"
"""File in the directory that names all others, so that a later render knows which are its own."""
_SAME, _DIFFERS = 0, 1
_SHOWN = 20
_DRAFT = re.compile(r"^(.*/|)\.([^/]+)\.[0-9]+\.part$")
_MODE = 0o644
Choice = TypeVar("Choice", bound=str)


def run(stack: Stack, given: argparse.Namespace) -> int:
    """Write the files, or with `check` compare them. Return 1 if the comparison finds a difference, else 0."""
    if not given.out:
        raise UserError("OUT is not set.", "Type the directory for the files: make render OUT=directory")
    out = Path(given.out)
    options = Options(
        format=_chosen("FORMAT", given.format, get_args(Format)),
        secrets=_chosen("SECRETS", given.secrets, get_args(Stubs)),
        **({"repo": given.repo} if given.repo else {}),
        path=given.repo_path,
    )
    found = existing(out)
    earlier = listed(out)
    if not given.check:
        refuse_foreign(out, found, earlier)
    with Progress() as progress:
        supplies.for_plan(progress)
    made = planned(stack)
    try:
        files = render(made, options, sealed_values(out, found & earlier))
    except RenderError as error:
        raise UserError(str(error)) from None
    for warning in made.warnings:
        print(f"warning: {printable(warning)}", file=sys.stderr)
    if given.check:
        return check(out, files, found)
    write(out, files, own_files(found, earlier))
    print(f"{len(files)} files in {out}. How to apply them: {out / 'README.md'}")
    return _SAME


def check(out: Path, files: Mapping[str, str], found: Iterable[str]) -> int:
    """Print which files a render would change. Return 1 if there are any, else 0."""
    changes = sorted(differences(out, {**files, LIST: _list_of(files)}, {*found}))
    if not changes:
        print(f"{out} is up to date.")
        return _SAME
    print(f"{out} is not up to date. Type the same command without CHECK=1.", file=sys.stderr)
    for path, change in changes[:_SHOWN]:
        print(f"  {change}: {printable(path)}", file=sys.stderr)
    if len(changes) > _SHOWN:
        print(f"  and {len(changes) - _SHOWN} more", file=sys.stderr)
    return _DIFFERS


def differences(out: Path, files: Mapping[str, str], found: set[str]) -> Iterable[tuple[str, str]]:
    """Paths that differ from a render, each with the way in which it does."""
    yield from ((path, "missing") for path in files if path not in found | {LIST} or not (out / path).is_file())
    yield from ((path, "not from this render") for path in found - files.keys())
    for path in files.keys() & (found | {LIST}):
        file = out / path
        if file.is_symlink() or (file.is_file() and file.read_bytes() != files[path].encode()):
            yield path, "differs"


def existing(out: Path) -> set[str]:
    """Paths of all files in the directory, without the list and a Git repository at its top."""
    if not out.exists():
        return set()
    if not out.is_dir():
        raise UserError(f"{out} is not a directory.")
    found: set[str] = set()
    for file in out.rglob("*"):
        path = file.relative_to(out)
        if (file.is_symlink() or not file.is_dir()) and path.parts[0] != ".git" and str(path) != LIST:
            found.add(path.as_posix())
    return found


def listed(out: Path) -> set[str]:
    """Paths that an earlier render has written."""
    try:
        return {*(out / LIST).read_text().splitlines()}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def own_files(found: set[str], earlier: set[str]) -> set[str]:
    """Paths of the files that earlier renders have written, also those of a run that was killed within a file."""
    return {path for path in found if path in earlier or _DRAFT.sub(r"\1\2", path) in earlier | {LIST}}


def refuse_foreign(out: Path, found: set[str], earlier: set[str]) -> None:
    """Raise UserError for a directory with files that no render has written."""
    if foreign := sorted(found - own_files(found, earlier)):
        names = ", ".join(printable(path) for path in foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise UserError(
            f"{out} has files that `make render` did not write: {names}",
            "Choose a new directory, or one of an earlier render, or move these files.",
        )


def write(out: Path, files: Mapping[str, str], earlier: set[str]) -> None:
    """Write the files, and delete those of an earlier render that are not among them.

    The list comes first: after a run that was cut off, the next one knows all files.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / LIST, _list_of({*files, *earlier}), _MODE)
    for path, text in files.items():
        file = out / path
        if path in earlier and not file.is_symlink() and file.read_bytes() == text.encode():
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text, _MODE)
    for path in earlier - files.keys():
        (out / path).unlink()
        if not any((out / path).parent.iterdir()):
            (out / path).parent.rmdir()
    write_whole(out / LIST, _list_of(files), _MODE)


def sealed_values(out: Path, paths: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Values that are sealed already, by `NAMESPACE/NAME` of the SealedSecrets of an earlier render."""
    values: dict[str, Mapping[str, str]] = {}
    for path in paths:
        if "-sealedsecret-" in path:
            try:
                manifest: Any = read_yaml((out / path).read_bytes())
                metadata = manifest["metadata"]
                if manifest["kind"] == "SealedSecret":
                    name = f"{metadata.get('namespace', 'default')}/{metadata['name']}"
                    values[name] = manifest["spec"]["encryptedData"]
            except (YamlError, KeyError, TypeError, AttributeError):
                raise UserError(f"{out / path} is not a SealedSecret.", "Correct it, or delete it.") from None
    return values


def _list_of(paths: Iterable[str]) -> str:
    return "".join(f"{path}\n" for path in sorted(paths))


def _chosen(variable: str, value: str, allowed: tuple[Choice, ...]) -> Choice:
    for choice in allowed:
        if choice == value:
            return choice
    raise UserError(f"{variable}={printable(value)} is unknown.", f"Choose one of: {', '.join(allowed)}")
