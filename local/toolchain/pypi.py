"""Files from PyPI, through pip, so that the user's own index and proxy settings hold."""

import os
import subprocess
import sys
from pathlib import Path

from local import disk
from local.errors import UserError
from local.venv import PATIENCE


def download(requirement: str, sha256: tuple[str, ...], directory: Path) -> Path:
    """The wheel of `requirement` ("name==version") in `directory`; one of `sha256`, or UserError."""
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
    done = subprocess.run(
        [*command, "--dest", str(directory), "--requirement", str(pinned)],
        env=PATIENCE | os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        if disk.is_full(done.stderr):
            raise disk.full(f"{requirement} does not fit into {directory.parent} or pip's own places")
        reason = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-5:])
        raise UserError(
            f"PyPI did not give {requirement}:\n{reason}",
            "Check the network and pip's settings (`pip config list`), then run the same command again.",
        )
    return next(directory.glob("*.whl"))
