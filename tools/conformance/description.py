"""Requirements of the pinned suite on a cluster, as `suite_test.go` describes them."""

import difflib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Description:
    """The suite's description of itself."""

    version: str
    """Version of the Gateway API."""
    tests: tuple[str, ...]
    images: tuple[str, ...]
    cluster_scoped: tuple[str, ...]
    """Kind and name of the cluster-scoped objects that the suite creates."""

    @classmethod
    def of(cls, suite: Path) -> "Description":
        done = subprocess.run([suite, "-describe"], capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            raise UserError(f"The conformance suite {suite} does not run: {done.stderr.strip()}")
        found = json.loads(done.stdout)
        return cls(
            version=found["version"],
            tests=tuple(found["tests"]),
            images=tuple(found["images"]),
            cluster_scoped=tuple(found["clusterScoped"]),
        )

    def check_test(self, name: str) -> None:
        """Raise UserError if the suite has no test of this name."""
        if name not in self.tests:
            close = difflib.get_close_matches(name, self.tests) or self.tests
            raise UserError(f"The conformance suite has no test {name}.", f"It has: {', '.join(close)}")

    @property
    def namespaces(self) -> frozenset[str]:
        kind = "namespace/"
        return frozenset(name.removeprefix(kind) for name in self.cluster_scoped if name.startswith(kind))
