"""The launch spec: the programs and images that the supervisor runs, written by `up`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kube.atomic_write import write_whole
from local.cluster.directory import Directory
from local.cluster.process import Process


@dataclass(frozen=True)
class LaunchSpec:
    """Programs by name, and image archives, which include the images that the node itself needs.

    If `lives_with` is set, the cluster stops when that process ends, for any reason.
    """

    programs: Mapping[str, Path]
    archives: Sequence[Path]
    lives_with: Process | None = None

    @classmethod
    def read(cls, directory: Directory) -> "LaunchSpec | None":
        """Read the spec of the last start. None if the file is missing or damaged."""
        try:
            kept = json.loads(directory.launch_spec.read_text())
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
        write_whole(directory.launch_spec, json.dumps(document, indent=1))
