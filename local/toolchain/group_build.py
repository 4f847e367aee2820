"""Build of all programs of one Go group."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from local.toolchain.gobuild import Go
from local.toolchain.pins import GoProgram, GoTest
from local.toolchain.progress import Progress


def build_group(go: Go, group: str, members: Sequence[tuple[GoProgram, Path]], progress: Progress) -> None:
    """Build each program of `members` into its directory, in one run of Go."""
    tests = [member for member, _ in members if isinstance(member, GoTest)]
    packages = [member.package for member, _ in members if member not in tests]
    with progress.step(f"fetch modules: {group}"):
        total = go.fetch_modules(group, [member.package for member, _ in members], tests=bool(tests))
    # Inside a directory that the next run empties: a killed build leaves nothing else behind.
    output = members[0][1] / f".{group}.out"
    output.mkdir(mode=0o700)
    try:
        with progress.step(f"build {', '.join(member.program for member, _ in members)}", total) as advance:
            if packages:
                go.build(group, packages, output, advance)
            for test in tests:
                go.build_test(group, test.package, output / test.program, advance)
        for member, directory in members:
            (output / member.program).rename(directory / member.program)
    finally:
        shutil.rmtree(output, ignore_errors=True)
