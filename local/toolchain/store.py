"""Where made tools are kept: one directory per tool and pins, whole or absent, and checked before each use."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from local.lock import locked

MANIFEST = "SHA256.json"


def sha256_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Store:
    """Directories below `root`, each written under a temporary name and renamed when it is whole.

    `find` gives a directory only when every file still has the SHA-256 it was made with, so a truncated or altered
    tool is made again rather than run.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def find(self, key: str) -> Path | None:
        directory = self.root / key
        try:
            manifest: dict[str, str] = json.loads((directory / MANIFEST).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        with ThreadPoolExecutor() as pool:
            try:
                sums = pool.map(sha256_file, (directory / name for name in manifest))
                return directory if all(map(str.__eq__, sums, manifest.values())) else None
            except OSError:
                return None

    @contextmanager
    def making(self, key: str, waiting: Callable[[str], None]) -> Iterator[Path | None]:
        """An empty directory to fill, kept under `key` when the block ends well; None when another process made it.

        `waiting` is told who holds the lock when another set-up is at the same tool.
        """
        with locked(self.root / f".{key}.lock", waiting):
            if self.find(key) is not None:
                yield None
                return
            work = self.root / f".{key}.part"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            yield work
            sums = {
                str(path.relative_to(work)): sha256_file(path)
                for path in sorted(work.rglob("*"))
                if path.is_file() and not path.is_symlink()
            }
            (work / MANIFEST).write_text(json.dumps(sums, indent=1))
            shutil.rmtree(self.root / key, ignore_errors=True)
            work.rename(self.root / key)
