"""Writer for image archives in the format of `docker save`, without a daemon and byte-for-byte reproducible."""

import hashlib
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from local.architecture import architecture
from local.toolchain.store import sha256_file

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image. `files` maps a path in it to a file on this machine. An empty `user` sets none."""

    reference: str
    files: dict[str, Path]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""

    def key(self) -> str:
        """Return a name with a hash of the content."""
        contents = {path: sha256_file(source) for path, source in sorted(self.files.items())}
        text = json.dumps([self.reference, contents, self.entrypoint, self.command, self.user, architecture()])
        name = self.reference.rpartition("/")[2].replace(":", "-")
        return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def write(self, archive: Path) -> None:
        """Write the docker-archive. Files are streamed, not read into memory."""
        layer = archive.with_suffix(".layer")
        with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
            for directory in self._directories():
                tar.addfile(_entry(directory, 0o1777 if directory == "tmp" else 0o755, tarfile.DIRTYPE))
            for path, source in sorted(self.files.items()):
                with source.open("rb") as file:
                    entry = _entry(path.lstrip("/"), 0o755 if source.stat().st_mode & 0o111 else 0o644)
                    entry.size = source.stat().st_size
                    tar.addfile(entry, file)
        digest = sha256_file(layer)
        config = json.dumps(self._config(digest)).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [self.reference], "Layers": [f"{digest}/layer.tar"]}]
        with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
            for path, data in ((name, config), ("manifest.json", json.dumps(manifest).encode())):
                entry = _entry(path, 0o644)
                entry.size = len(data)
                tar.addfile(entry, BytesIO(data))
            entry = _entry(f"{digest}/layer.tar", 0o644)
            entry.size = layer.stat().st_size
            with layer.open("rb") as file:
                tar.addfile(entry, file)
        layer.unlink()

    def _directories(self) -> Sequence[str]:
        parents = {str(parent) for path in self.files for parent in PurePosixPath(path.lstrip("/")).parents}
        return sorted((parents | {"tmp"}) - {"."})

    def _config(self, digest: str) -> dict[str, object]:
        settings: dict[str, object] = {"Env": [_PATH]}
        if self.entrypoint:
            settings["Entrypoint"] = self.entrypoint
        if self.command:
            settings["Cmd"] = self.command
        if self.user:
            settings["User"] = self.user
        return {
            "architecture": architecture(),
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }


def _entry(path: str, mode: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mode = mode
    entry.type = kind
    entry.mtime = 0
    return entry
