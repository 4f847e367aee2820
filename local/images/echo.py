"""The image of `local/echo`, under the name that docs/gateway.md has for an app of the reader's own. For tests only."""

from pathlib import Path

from local.images.catalogue import Entry, archives, static_program
from local.toolchain import ensure
from local.toolchain.progress import Progress


def archive(progress: Progress, tag: str = "1") -> Path:
    """Of the image `registry.example.com/echo:<tag>`, built unless it is there; all tags are of the same program."""
    entry = Entry(f"registry.example.com/echo:{tag}", "echo", static_program)
    (made,) = archives(ensure([entry.tool], progress), progress, [entry])
    return made
