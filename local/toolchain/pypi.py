"""Downloads from PyPI with pip, so that the user's index and proxy settings apply."""

import os
import subprocess
import sys
from pathlib import Path

from local import child, disk
from local.errors import UserError
from local.venv import PIP_DEFAULTS

DEADLINE_S = 900.0


def download(requirement: str, sha256: tuple[str, ...], directory: Path) -> Path:
    """Download the wheel of `requirement` ("name==version"). UserError if its checksum is none of `sha256`."""
    pinned = directory / "requirements.txt"
    pinned.write_text(" ".join([requirement, *(f"--hash=sha256:{value}" for value in sha256)]))
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]
    try:
        done = child.run(
            [*command, "--dest", str(directory), "--requirement", str(pinned)],
            timeout_s=DEADLINE_S,
            env=PIP_DEFAULTS | os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"PyPI did not give {requirement} within {DEADLINE_S:g} s.", "Check the network, then run it again."
        ) from error
    if done.returncode != 0:
        if disk.is_full(done.stderr):
            raise disk.full(f"{requirement} does not fit into {directory.parent} or pip's own directories")
        reason = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-5:])
        raise UserError(
            f"PyPI did not give {requirement}:\n{reason}",
            "Check the network and pip's settings (`pip config list`), then run the same command again.",
        )
    return next(directory.glob("*.whl"))
