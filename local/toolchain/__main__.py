"""`python -m local.toolchain [NAME ...]`: have the named tools (default: all), and print where they are."""

import argparse
import sys

from local.errors import UserError
from local.toolchain.pins import ARTEFACTS
from local.toolchain.progress import Progress
from local.toolchain.setup import ensure


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ARTEFACTS)}")
    names = parser.parse_args().names or list(ARTEFACTS)
    if unknown := set(names) - set(ARTEFACTS):
        parser.error(f"no tool is called {', '.join(sorted(unknown))}; there are {', '.join(ARTEFACTS)}")
    try:
        with Progress() as progress:
            tools = ensure(names, progress)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in names:
        print(f"{name} {ARTEFACTS[name].version} {tools.directory(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
