"""Backend: a destination to which a route may send requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from kube.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A port of a Service. A workload creates it, so that name and port are written only once."""

    namespace: str
    service: str
    port: int
    pods: Mapping[str, str]
    """Labels of the pods behind the Service."""
    pod_ports: Sequence[Manifest]
    """Ports of these pods, as entries of a NetworkPolicy's `ports`."""
    resource: pulumi.Resource
    """The Service. It comes after the pods, so that its dependents find them."""
