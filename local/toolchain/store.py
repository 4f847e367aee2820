"""The store of tools and images: one complete directory per key, verified before each use."""

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
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Store:
    """Directories below `root`, each written under a temporary name and renamed when it is complete.

    `find` verifies the SHA-256 of every file, so that a truncated or changed tool is made again and not run.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def find(self, key: str) -> Path | None:
        """Return the directory of `key`. None if it is missing or damaged."""
        directory = self.root / key
        try:
            manifest: dict[str, str] = json.loads((directory / MANIFEST).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        with ThreadPoolExecutor() as pool:
            try:
                checksums = pool.map(sha256_file, (directory / name for name in manifest))
                return directory if all(map(str.__eq__, checksums, manifest.values())) else None
            except OSError:
                return None

    @contextmanager
    def making(self, key: str, waiting: Callable[[str], None]) -> Iterator[Path | None]:
        """Give an empty directory to fill, which is stored under `key` on success. None if another process made it.

        `waiting` is called with the holder of the lock if another process is making the same tool.
        """
        with locked(self.root / f".{key}.lock", waiting):
            if self.find(key) is not None:
                yield None
                return
            work = self.root / f".{key}.part"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            yield work
            checksums = {
                str(path.relative_to(work)): sha256_file(path)
                for path in sorted(work.rglob("*"))
                if path.is_file() and not path.is_symlink()
            }
            (work / MANIFEST).write_text(json.dumps(checksums, indent=1))
            shutil.rmtree(self.root / key, ignore_errors=True)
            work.rename(self.root / key)
