"""Image import into the running node. `python -m local.cluster.node_images NAME` is the component first-images.

Set-up never replaces an image that the user loaded under the same name.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kube.atomic_write import write_whole
from local.cluster import archive_reader
from local.cluster.config_files import CONTAINERD_SOCKET, COREDNS_IMAGE, PAUSE_IMAGE
from local.cluster.directory import Directory
from local.cluster.launch_spec import LaunchSpec
from local.cluster.process import Process
from local.command import exit_code
from local.errors import UserError
from local.lock import locked

FIRST = (PAUSE_IMAGE, COREDNS_IMAGE)
_PINNED = "io.cri-containerd.pinned=pinned"


@dataclass(frozen=True)
class Record:
    """An imported image: the digest in its archive (`archived`) and the digest in containerd (`target`)."""

    archived: str
    target: str
    by_user: bool


class Images:
    """The images in containerd of the running node whose process 1 is `init`."""

    def __init__(self, directory: Directory, init: int, ctr: Path) -> None:
        self._directory = directory
        self._ctr = ["nsenter", f"--target={init}", "--mount", "--net", "--ipc", "--uts", "--", str(ctr)]
        self._ctr += [f"--address={CONTAINERD_SOCKET}", "--namespace=k8s.io", "images"]

    def import_archives(
        self, paths: Iterable[Path], *, by_user: bool = False, importing: Callable[[Path], None] = lambda _: None
    ) -> list[str]:
        """Import archives that are missing or, if they come from set-up, outdated. Return the imported names.

        Archives of the user (`by_user`) are always imported. `importing` is called before each import.
        """
        imported: list[str] = []
        with locked(self._directory.root / "images.lock", lambda _: None):
            for path in paths:
                images = archive_reader.read(path)
                records, targets = self._records(), self.targets()
                if by_user or any(_outdated(name, image, records, targets) for image in images for name in image.names):
                    importing(path)
                    imported += self._import(path, images, by_user)
        return imported

    def targets(self) -> dict[str, str]:
        """List the digests of containerd's images by name."""
        lines = self._run("list").splitlines()[1:]
        return {fields[0]: fields[2] for fields in map(str.split, lines) if len(fields) > 2}

    def _import(self, path: Path, images: list[archive_reader.Image], by_user: bool) -> list[str]:
        before = self.targets()
        self._run("import", "-", archive=path)
        after = self.targets()
        records = self._records()
        for image in images:
            for name in image.names:
                if name not in after or (after[name] == before.get(name) and image.digest in after.values()):
                    self._tag(name, image.digest, after)
                # When the disk is full, kubelet removes unused images, but not pinned ones.
                self._run("label", name, _PINNED)
                records[name] = Record(image.digest, self.targets()[name], by_user)
        write_whole(
            self._directory.images, json.dumps({name: asdict(record) for name, record in records.items()}, indent=1)
        )
        return [name for image in images for name in image.names]

    def _tag(self, name: str, digest: str, targets: Mapping[str, str]) -> None:
        """Tag an image with its full name if containerd did not do so on import."""
        source = next((other for other, target in targets.items() if target == digest and other != name), None)
        if source is None:
            if name not in targets:
                raise UserError(
                    f"containerd did not import the image {name}.",
                    "Read its log: python -m local.cluster logs containerd",
                )
            return
        self._run("tag", "--force", source, name)

    def _records(self) -> dict[str, Record]:
        try:
            kept = json.loads(self._directory.images.read_text())
            return {name: Record(**record) for name, record in kept.items()}
        except (FileNotFoundError, ValueError, TypeError):
            return {}

    def _run(self, *arguments: str, archive: Path | None = None) -> str:
        source = subprocess.DEVNULL if archive is None else archive.open("rb")
        try:
            done = subprocess.run(
                [*self._ctr, *arguments], stdin=source, capture_output=True, text=True, errors="replace", check=False
            )
        finally:
            if not isinstance(source, int):
                source.close()
        if done.returncode != 0:
            subject = archive or " ".join(arguments)
            raise UserError(
                f"containerd failed to import or list {subject}: {done.stderr.strip()}",
                "Read its log: python -m local.cluster logs containerd",
            )
        return done.stdout


def _outdated(
    name: str, image: archive_reader.Image, records: Mapping[str, Record], targets: Mapping[str, str]
) -> bool:
    if name not in targets:
        return True
    record = records.get(name)
    from_set_up = record is not None and not record.by_user and record.target == targets[name]
    return record is not None and from_set_up and record.archived != image.digest


def _required_by_node(paths: Sequence[Path]) -> list[Path]:
    """Filter the archives for the images that the node needs to run any pod."""
    return [path for path in paths if any(name in FIRST for image in archive_reader.read(path) for name in image.names)]


def main() -> int:
    directory = Directory(sys.argv[1])
    spec, init = LaunchSpec.read(directory), Process.read(directory.node_pid)
    if spec is None or init is None:
        print(
            "error: the node of this cluster is not running; only its supervisor starts this program", file=sys.stderr
        )
        return 1
    images = Images(directory, init.pid, spec.programs["ctr"])

    def import_first() -> int:
        images.import_archives(_required_by_node(spec.archives), importing=print)
        return 0

    return exit_code(import_first)


if __name__ == "__main__":
    sys.exit(main())
