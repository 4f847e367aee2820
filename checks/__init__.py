"""Every mistake in a custom resource, told without a cluster as the API server would tell it. Knows nothing of Pulumi.

crds = Crds.of(manifest.crds)
for mistake in check(wire, crds):
    print(mistake)
"""

from checks.crds import Crds
from checks.mistake import Mistake
from checks.unknown import UNKNOWN
from checks.verdict import check

__all__ = ["UNKNOWN", "Crds", "Mistake", "check"]
