"""`make passphrase`: give a stack a passphrase or a key service, and encrypt its secrets again.

Earlier passphrases stay beside the new one: other branches and clones of the stack's file may need them.
"""

import os
import secrets
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from local import supplies
from local.errors import UserError
from local.toolchain.progress import Progress
from local.venv import VENV
from tools import lifecycle
from tools import stack as stacks
from tools.environment import passphrase_file, stack_file, variables
from tools.stack import Stack, document_of

_BYTES = 32


def run(stack: Stack, key: str) -> int:
    """Encrypt with the key service at the URL `key`, or else with a new passphrase in a file that only the user reads.

    The present passphrase is the one that every other command uses.
    """
    with lifecycle.alone():
        with Progress() as progress:
            stacks.prepare(supplies.for_program(progress))
        if not stack.select():
            return 1
        if key:
            code = stack.pulumi("stack", "change-secrets-provider", key, "--stack", stack.name).returncode
        else:
            code = _change(stack)
        if code == 0:
            _print_variables(stack, with_passphrase=not key)
        return code


def _change(stack: Stack) -> int:
    current, config = passphrase_file(stack.name), stack_file(stack.name)
    new = current.with_name(f"{current.name}.new")
    if new.exists():
        raise _unfinished(stack, new, current)
    phrase = secrets.token_urlsafe(_BYTES)
    _write(new, phrase)
    before = config.read_bytes()
    # Without a terminal, Pulumi reads the new passphrase from stdin, and the old one from the environment. After a key
    # service there is no old one, and it reads the new one from the environment.
    of_service = document_of(config).get("secretsprovider", "passphrase") not in ("passphrase", "default")
    environment = {"PULUMI_CONFIG_PASSPHRASE": phrase} if of_service else {}
    command = ("stack", "change-secrets-provider", "passphrase", "--non-interactive", "--stack", stack.name)
    process = None
    try:
        with stack.started_pulumi(*command, stdin=subprocess.PIPE, stdout=None, **environment) as process:
            process.communicate(f"{phrase}\n")
    finally:
        # Also after Ctrl-C: Pulumi may have finished by then.
        code = process.returncode if process else 1
        if code == 0:
            _keep(current)
            new.rename(current)
        elif code > 0:
            config.write_bytes(before)  # Pulumi writes it before the state, which has not changed
            new.unlink()
    if code < 0:
        raise _unfinished(stack, new, current)
    if code == 0:
        print(f"The passphrase in {current} encrypts the secrets of the stack {stack.name} now. Keep a copy of it.")
    return code


def _print_variables(stack: Stack, *, with_passphrase: bool) -> None:
    """Print what plain `pulumi` needs to set a secret of the stack."""
    print(f"Commit {stack_file(stack.name).name}. For plain pulumi, type:")
    if with_passphrase:
        unset = "unset PULUMI_CONFIG_PASSPHRASE; " if os.environ.get("PULUMI_CONFIG_PASSPHRASE") else ""
        print(f"  {unset}export PULUMI_CONFIG_PASSPHRASE_FILE={shlex.quote(str(passphrase_file(stack.name)))}")
    if not stack.on_local_cluster:
        backend = variables(stack.context)["PULUMI_BACKEND_URL"]
        print(f"  export PULUMI_BACKEND_URL={shlex.quote(backend)}")
    print(f"  . {VENV / 'bin' / 'activate'}")


def _unfinished(stack: Stack, new: Path, current: Path) -> UserError:
    return UserError(
        f"A change of the passphrase was killed. The stack needs the one in {new}, or the one before.",
        f"Type: PULUMI_CONFIG_PASSPHRASE_FILE={new} make preview{stack.typed_variables}\n"
        f"  If that works: mv {new} {current}\n"
        f"  Otherwise restore {stack_file(stack.name).name} from git, and type: rm {new}",
    )


def _keep(current: Path) -> None:
    """Rename an earlier passphrase, with the time until which it was used."""
    if current.exists():
        current.rename(current.with_name(f"{current.name}.until-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"))


def _write(file: Path, phrase: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
        target.write(phrase)
