"""Checks that the wrapper of `pulumi` makes before Pulumi starts, because Pulumi would not explain the problem."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.encryption import is_protected
from local.command import exit_code
from local.errors import UserError
from tools.environment import LOCAL_CONTEXT, passphrase_file
from tools.stack import CONTEXT_KEY, document_of


def main(pulumi: str, arguments: Sequence[str]) -> int:
    """Refuse to encrypt a secret with an empty passphrase. Return the exit code."""
    given, words = _parser().parse_known_args(arguments)
    if "config" not in words or given.secret == "false":  # noqa: S105 # an option
        return 0
    file = _file(given, pulumi)
    document = document_of(file)
    if is_protected(document, os.environ):
        return 0
    name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    phrase = passphrase_file(name)
    if phrase.exists():
        raise UserError(
            "This stack has a passphrase, which plain `pulumi` does not look for.",
            f"Type: export PULUMI_CONFIG_PASSPHRASE_FILE={shlex.quote(str(phrase))}",
        )
    if (document.get("config") or {}).get(CONTEXT_KEY) == LOCAL_CONTEXT:
        print(
            "warning: the passphrase of the local cluster's stack is empty, so anybody who reads the stack's file can "
            "decrypt this value.\n  For a value that matters, type first: make passphrase",
            file=sys.stderr,
        )
        return 0
    raise UserError(
        "The passphrase of this stack is empty, so anybody who reads its file could decrypt the value.",
        f"Set up a passphrase: make passphrase STACK={name}, or a key service: "
        f"make passphrase STACK={name} KEY=awskms://...",
    )


def _parser() -> argparse.ArgumentParser:
    """The options of Pulumi that say which file it writes to."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--secret", nargs="?", const="true", default="false")
    parser.add_argument("--stack", "-s", default="")
    parser.add_argument("--cwd", "-C", default=".")
    parser.add_argument("--config-file", default="")
    return parser


def _file(given: argparse.Namespace, pulumi: str) -> Path:
    if given.config_file:
        return Path(given.config_file)
    stack = given.stack or os.environ.get("PULUMI_STACK") or _selected(pulumi, given.cwd)
    return Path(given.cwd) / f"Pulumi.{stack.rpartition('/')[2]}.yaml"


def _selected(pulumi: str, directory: str) -> str:
    command = [pulumi, "--cwd", directory, "--non-interactive", "stack", "--show-name"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, errors="replace", check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1], sys.argv[2:])))
