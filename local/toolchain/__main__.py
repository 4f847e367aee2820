"""`python -m local.toolchain [NAME ...]`: ensure the named tools (default: all) and print their directories."""

import argparse
import sys
from collections.abc import Sequence

from local.command import exit_code
from local.toolchain.pins import ARTEFACTS
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ARTEFACTS)}")
    given = parser.parse_args()
    names = given.names or list(ARTEFACTS)
    if unknown := set(names) - set(ARTEFACTS):
        parser.error(f"unknown tool {', '.join(sorted(unknown))}; choose from {', '.join(ARTEFACTS)}")
    return exit_code(lambda: _ensure(names))


def _ensure(names: Sequence[str]) -> int:
    with Progress() as progress:
        tools = ensure(names, progress)
    for name in names:
        print(f"{name} {ARTEFACTS[name].version} {tools.directory(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
