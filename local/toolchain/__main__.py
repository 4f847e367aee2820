"""`python -m local.toolchain [NAME ...]`: ensure the named tools (default: all) and print their directories."""

import argparse
import sys
from collections.abc import Sequence

from local.command import exit_code
from local.toolchain.pins import ARTEFACTS
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure
from local.toolchain.store import Store


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ARTEFACTS)}")
    parser.add_argument(
        "--trust-cache",
        action="store_true",
        help="record the checksums of the tools and images that the cache has, as they are now, and do nothing else",
    )
    given = parser.parse_args()
    if given.trust_cache:
        return exit_code(_trust)
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


def _trust() -> int:
    for name in ("tools", "images", "go"):
        for key in Store(name).trust():
            print(f"recorded {name}/{key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
