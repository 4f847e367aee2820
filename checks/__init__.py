"""Every mistake in a custom resource, told without a cluster as the API server would tell it. Knows nothing of Pulumi.

crds = Crds.of(manifest.crds)
for mistake in check(wire, crds):
    print(mistake)
"""

from checks.schema.crds import Crds
from checks.schema.validate import check
from diagnostics.problem import Mistake
from kube.unknown import UNKNOWN

__all__ = ["UNKNOWN", "Crds", "Mistake", "check"]
