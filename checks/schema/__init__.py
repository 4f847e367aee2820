"""Schemas: validation of one object as in an API server, by the CRDs of the release and Kubernetes' own kinds.

crds = Crds.of(custom_resource_definitions)
for problem in validate(manifest, crds):
    print(problem)
"""

from checks.schema.served_kinds import Crds
from checks.schema.validate import validate

__all__ = ["Crds", "validate"]
