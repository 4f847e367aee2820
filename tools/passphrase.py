"""`make passphrase`: give a stack a passphrase or a key service, and encrypt its secrets again."""

import os
import secrets
from pathlib import Path

from local import supplies
from local.errors import UserError
from local.toolchain.progress import Progress
from tools import stack as stacks
from tools.environment import passphrase_file
from tools.stack import Stack

_BYTES = 32


def run(stack: Stack, key: str) -> int:
    """Encrypt with the key service at the URL `key`, or else with a new passphrase in a file that only the user reads.

    With PULUMI_CONFIG_PASSPHRASE_FILE, the content of that file is the new passphrase.
    """
    file = passphrase_file(stack.name)
    given = os.environ.pop("PULUMI_CONFIG_PASSPHRASE_FILE", "")
    with Progress() as progress:
        stacks.prepare(supplies.for_program(progress))
    if not stack.select():
        return 1
    if key:
        return stack.pulumi("stack", "change-secrets-provider", key, "--stack", stack.name).returncode
    phrase = _read(Path(given)) if given else secrets.token_urlsafe(_BYTES)
    new = Path(given) if given else _write(file.with_suffix(".new"), phrase)
    # Pulumi reads the old passphrase from the environment and, without a terminal, the new one from stdin.
    command = ("stack", "change-secrets-provider", "passphrase", "--non-interactive", "--stack", stack.name)
    code = stack.pulumi(*command, typed=f"{phrase}\n").returncode
    if code != 0:
        return code
    if not given:
        new.replace(file)
        new = file
    print(f"The secrets of the stack {stack.name} are encrypted with the passphrase in {new}. Keep a copy of it.")
    print(f"Commit Pulumi.{stack.name}.yaml. For plain pulumi: export PULUMI_CONFIG_PASSPHRASE_FILE={new}")
    return 0


def _read(file: Path) -> str:
    phrase = file.read_text(errors="replace").strip()
    if not phrase:
        raise UserError(f"{file} is empty.", "Write a passphrase into it, or unset PULUMI_CONFIG_PASSPHRASE_FILE.")
    if file.stat().st_mode & 0o077:
        raise UserError(f"Other users can read {file}.", f"Type: chmod 600 {file}")
    return phrase


def _write(file: Path, phrase: str) -> Path:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
        target.write(phrase)
    return file
