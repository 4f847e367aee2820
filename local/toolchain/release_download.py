"""Download of official releases: one file, checked against its pinned SHA-256 and unpacked."""

import os
import shutil
import tarfile
import tempfile
from http.client import HTTPException
from pathlib import Path

from kube.download import download
from local import disk
from local.errors import UserError
from local.toolchain.pins import Release
from local.toolchain.store import sha256_file

STALL_S = 30.0
DEADLINE_S = 900.0
LARGEST = 1 << 30


class UnavailableError(UserError):
    """The file could not be downloaded. Nothing is known about its content."""


def fetch(release: Release, directory: Path) -> None:
    """Download the programs of `release` into `directory`.

    UnavailableError if the file does not arrive, and UserError if it is another file than the pinned one.
    """
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        file = Path(scratch) / release.url.rpartition("/")[2]
        try:
            with file.open("wb") as out:
                download(release.url, out, stall_s=STALL_S, deadline_s=DEADLINE_S, largest=LARGEST)
        except (OSError, HTTPException) as error:
            if disk.is_full(str(error)):
                raise
            message = f"{release.url} could not be downloaded: {error}"
            raise UnavailableError(message, "Run the same command again.") from error
        actual = sha256_file(file)
        if actual != release.sha256:
            raise UserError(
                f"{release.url} is not the pinned file: its SHA-256 is {actual}, but {release.sha256} is pinned.",
                "Do not use this file: it was changed on the way, or the checksum in local/toolchain/pins.py is wrong.",
            )
        if not release.members:
            program = directory / (release.name or file.name)
            shutil.move(file, program)
            program.chmod(0o755)
            return
        with tarfile.open(file) as archive:
            for program, member in release.members.items():
                source = archive.extractfile(member) if member in archive.getnames() else None
                if source is None:
                    raise UserError(
                        f"{release.url} has no file {member}.", "Correct `members` in local/toolchain/pins.py."
                    )
                with source, os.fdopen(os.open(directory / program, os.O_CREAT | os.O_WRONLY, 0o755), "wb") as out:
                    shutil.copyfileobj(source, out)
