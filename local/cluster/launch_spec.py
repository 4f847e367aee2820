"""What `up` tells the supervisor to run: programs, and the archives of the images that the node itself needs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from local.cluster.directory import Directory
from local.cluster.process import Process
from local.files import write_whole


@dataclass(frozen=True)
class LaunchSpec:
    """`programs` by name, and `archives` of images, the node's own among them.

    With `lives_with` the cluster is stopped when that process ends, however it ends.
    """

    programs: Mapping[str, Path]
    archives: Sequence[Path]
    lives_with: Process | None = None

    @classmethod
    def read(cls, directory: Directory) -> "LaunchSpec | None":
        """The kept one; None when there is none that can be read."""
        try:
            kept = json.loads(directory.order.read_text())
            programs = {name: Path(path) for name, path in kept["programs"].items()}
            lives_with = Process(**kept["lives_with"]) if kept["lives_with"] else None
            return cls(programs, tuple(map(Path, kept["archives"])), lives_with)
        except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def write(self, directory: Directory) -> None:
        document = {
            "programs": {name: str(path) for name, path in self.programs.items()},
            "archives": list(map(str, self.archives)),
            "lives_with": asdict(self.lives_with) if self.lives_with else None,
        }
        write_whole(directory.order, json.dumps(document, indent=1))
