"""git, in this repository or in another directory."""

import subprocess
from pathlib import Path

from local import child
from local.errors import UserError
from local.paths import REPOSITORY


def git(*arguments: str, directory: Path = REPOSITORY) -> str:
    """Return the output of git. Raises UserError with its message if it fails."""
    done = try_git(*arguments, directory=directory)
    if done.returncode != 0:
        raise UserError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def try_git(*arguments: str, directory: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run git; the caller checks the exit code. Raises UserError if there is no git."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        return child.run(["git", *arguments], cwd=directory, **pipes)
    except FileNotFoundError:
        raise UserError("git is not installed.", "On Debian: apt-get install git") from None
