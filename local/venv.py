"""`python3 -m local.venv [--dev]`: create or update `.venv`.

Uses only the standard library, because nothing else is installed yet.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from local import child, disk
from local.command import exit_code
from local.lock import locked

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
RUN = ("requirements.txt", "local/requirements.txt")
DEV = ("requirements-dev.txt",)
OLDEST = (3, 11)
DEADLINE_S = 1800.0
PIP_DEFAULTS = {"PIP_RETRIES": "1"}
"""Settings of pip that the user's environment overrides. With its own five retries, a silent registry costs minutes."""


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"error: Python {found} is too old: 3.11 or newer is needed.\n  Type: make PYTHON=python3.12 up")
        return 1
    with locked(
        REPOSITORY / ".venv.lock",
        lambda holder: print(f"Waiting for another set-up of .venv ({holder})."),
    ):
        for files in (RUN, DEV) if "--dev" in arguments else (RUN,):
            if not install(files):
                return 1
    return 0


def install(files: tuple[str, ...], venv: Path = VENV) -> bool:
    """Install the packages that `files` pin. A stamp file with their hash lets the next run return at once."""
    pins = b"".join((REPOSITORY / file).read_bytes() for file in files)
    # Another minor version of Python looks for packages in another directory.
    wanted = hashlib.sha256(pins + repr(sys.version_info[:2]).encode()).hexdigest()
    stamp = venv / f"installed-{Path(files[0]).stem}"
    if (venv / "bin" / "python").exists() and stamp.exists() and stamp.read_text() == wanted:
        return True
    print(f"Installing Python packages into {venv.name} ({', '.join(files)}) ...", flush=True)
    started = time.monotonic()
    if not _works(venv):
        shutil.rmtree(venv, ignore_errors=True)
        if not _run(
            [sys.executable, "-m", "venv", str(venv)],
            "On Debian: apt-get install python3-venv",
        ):
            return False
    # Without --no-compile, compiling every module would take longer than the installation.
    pip = [
        str(venv / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        # The build of a source distribution would download its own requirements without hashes, and run them.
        "--only-binary=:all:",
    ]
    requirements = [part for file in files for part in ("--requirement", str(REPOSITORY / file))]
    if not _run(
        [*pip, "--require-hashes", *requirements], "Check the network and `pip config list`, then run it again."
    ):
        return False
    stamp.write_text(wanted)
    print(f"  done ({time.monotonic() - started:.1f} s)", flush=True)
    return True


def _works(venv: Path) -> bool:
    python = venv / "bin" / "python"
    return python.exists() and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def _run(command: list[str], fix: str) -> bool:
    environment = PIP_DEFAULTS | os.environ
    try:
        done = child.run(command, timeout_s=DEADLINE_S, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired:
        print(f"error: {' '.join(command[:4])} ... took longer than {DEADLINE_S:g} s\n  {fix}", file=sys.stderr)
        return False
    if done.returncode != 0:
        # The module venv reports only that pip failed, not that the disk was full.
        if disk.is_full(done.stdout + done.stderr) or not disk.has_room(REPOSITORY):
            raise disk.full(f"{' '.join(command[:4])} ... ran out of space")
        lines = "\n".join(f"    {line}" for line in (done.stderr or done.stdout).strip().splitlines()[-5:])
        print(f"error: {' '.join(command[:4])} ... failed:\n{lines}\n  {fix}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
