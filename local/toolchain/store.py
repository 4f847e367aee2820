"""The store of tools and images: one complete directory per key, verified before each use."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG

from kube.atomic_write import write_whole
from local.lock import locked
from local.paths import OTHERS_WRITE, private_cache, private_state

Listing = dict[str, str]
"""Every entry of a directory by its path: kind, rights and content."""
CHECKSUMS = "SHA256.json"
"""File in every directory with the checksums of the others. Set-ups before the records use it alone."""


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Store:
    """Directories below the cache's directory `name`, each made under a temporary name and renamed when complete.

    What was made is recorded below the state directory: files by their SHA-256, links by their target, and the rights
    of both. `find` compares all of it. So a truncated or changed tool is made again and not run, even if somebody
    changed it who may write to the cache.
    """

    def __init__(self, name: str) -> None:
        self.root = private_cache(name)
        self._records = private_state("checksums", name)

    def find(self, key: str) -> Path | None:
        """Return the directory of `key`. None if it is missing, damaged or not recorded."""
        try:
            recorded = json.loads((self._records / f"{key}.json").read_text())
            return self.root / key if recorded and recorded == _listing(self.root / key) else None
        except (OSError, ValueError):
            return None

    def is_unrecorded(self, key: str) -> bool:
        """Return whether the cache has a directory for `key` that this state directory knows nothing of."""
        return (self.root / key).exists() and not (self._records / f"{key}.json").exists()

    def record(self, key: str, waiting: Callable[[str], None]) -> bool:
        """Record an unrecorded directory as it is now. False if it is damaged or was recorded meanwhile.

        The caller makes sure that nobody else can have changed it. `waiting` is called as in `making`.
        """
        with locked(self.root / f".{key}.lock", waiting):
            try:
                listing = _listing(self.root / key)
                checksums = json.loads((self.root / key / CHECKSUMS).read_text())
            except (OSError, ValueError):
                return False
            if not self.is_unrecorded(key) or checksums != _checksums(listing):
                return False
            self._record(key, listing)
            return True

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
            _remove(work)
            work.mkdir(mode=0o700)
            yield work
            _take_write_access(work)
            listing = _listing(work)
            (work / CHECKSUMS).write_text(json.dumps(_checksums(listing), indent=1))
            (work / CHECKSUMS).chmod(0o644)
            listing[CHECKSUMS] = _entry(work / CHECKSUMS)
            _remove(self.root / key)
            work.rename(self.root / key)
            self._record(key, listing)

    def _record(self, key: str, listing: Listing) -> None:
        write_whole(self._records / f"{key}.json", json.dumps(listing, indent=1))


def _remove(directory: Path) -> None:
    if directory.is_symlink():
        directory.unlink()
    shutil.rmtree(directory, ignore_errors=True)


def _listing(directory: Path) -> Listing:
    """List the directory. Raises FileNotFoundError if it is missing."""
    paths = [directory, *sorted(directory.rglob("*"))]
    with ThreadPoolExecutor() as pool:
        return dict(zip((str(path.relative_to(directory)) for path in paths), pool.map(_entry, paths), strict=True))


def _entry(path: Path) -> str:
    found = path.lstat()
    if S_ISLNK(found.st_mode):
        return f"{found.st_uid} link {path.readlink()}"
    rights = f"{found.st_uid} {S_IMODE(found.st_mode):04o}"
    if S_ISDIR(found.st_mode):
        return f"{rights} directory"
    return f"{rights} {sha256_file(path) if S_ISREG(found.st_mode) else 'special'}"


def _checksums(listing: Listing) -> dict[str, str]:
    """Return the SHA-256 of every file of a directory but CHECKSUMS itself."""
    words = {name: entry.split(" ") for name, entry in listing.items() if name != CHECKSUMS}
    return {name: parts[2] for name, parts in words.items() if parts[1] != "link" and len(parts[2]) == 64}


def _take_write_access(directory: Path) -> None:
    """Take write access from others, which the umask may have given them, so that they are never recorded with it."""
    for path in (directory, *directory.rglob("*")):
        mode = S_IMODE(path.lstat().st_mode)
        if not path.is_symlink() and mode & OTHERS_WRITE:
            path.chmod(mode & ~OTHERS_WRITE)
