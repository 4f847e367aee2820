"""What the pinned suite asks of a cluster, in its own words: `suite_test.go` prints it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Description:
    """`version` is that of the Gateway API, `cluster_scoped` are kind/name of what the suite makes in no namespace."""

    version: str
    tests: tuple[str, ...]
    images: tuple[str, ...]
    cluster_scoped: tuple[str, ...]

    @classmethod
    def of(cls, suite: Path) -> "Description":
        done = subprocess.run([suite, "-describe"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(f"The conformance suite {suite} does not run: {done.stderr.strip()}")
        found = json.loads(done.stdout)
        return cls(
            version=found["version"],
            tests=tuple(found["tests"]),
            images=tuple(found["images"]),
            cluster_scoped=tuple(found["clusterScoped"]),
        )

    @property
    def namespaces(self) -> frozenset[str]:
        kind = "namespace/"
        return frozenset(name.removeprefix(kind) for name in self.cluster_scoped if name.startswith(kind))
