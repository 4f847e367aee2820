"""The image of `local/echo`, under the name of the example app in docs/gateway.md. For tests only."""

from pathlib import Path

from local.images.catalogue import Entry, archives, static_program
from local.toolchain import ensure
from local.toolchain.progress import Progress


def archive(progress: Progress, tag: str = "1") -> Path:
    """Ensure an archive of `registry.example.com/echo:<tag>`. All tags have the same program."""
    entry = Entry(f"registry.example.com/echo:{tag}", "echo", static_program)
    (made,) = archives(ensure([entry.tool], progress), progress, [entry])
    return made
