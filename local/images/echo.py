"""The image of `local/echo`, under the name that docs/gateway.md has for an app of the reader's own. For tests only."""

from pathlib import Path

from local.images.catalogue import Entry, archives, static_program
from local.toolchain import ensure
from local.toolchain.progress import Progress


def archive(progress: Progress) -> Path:
    """Of the image `registry.example.com/echo:1`, built unless it is there."""
    entry = Entry("registry.example.com/echo:1", "echo", static_program)
    (made,) = archives(ensure([entry.tool], progress), progress, [entry])
    return made
