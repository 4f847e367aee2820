"""The image of `local/echo`, under the name that docs/gateway.md has for an app of the reader's own. For tests only."""

from pathlib import Path

from local.images.archive import Image
from local.images.catalogue import NOBODY, Entry, archives
from local.toolchain import Tools, ensure
from local.toolchain.progress import Progress


def archive(progress: Progress) -> Path:
    """Of the image `registry.example.com/echo:1`, built unless it is there."""
    entry = Entry("registry.example.com/echo:1", "echo", _image)
    (made,) = archives(ensure([entry.tool], progress), progress, [entry])
    return made


def _image(entry: Entry, tools: Tools) -> Image:
    return Image(reference=entry.reference, files={"/echo": tools.program("echo")}, entrypoint=("/echo",), user=NOBODY)
