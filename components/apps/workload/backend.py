"""Backend: where a route may send requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.gateway.manifests import Wire


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A Service's port. Made by a workload, so that no name and port is typed twice."""

    namespace: str
    service: str
    port: int
    pods: Mapping[str, str]
    """The labels of those that answer."""
    pod_ports: Sequence[Wire]
    """On which they do, as entries of a NetworkPolicy's `ports`."""
    resource: pulumi.Resource
    """The Service. It comes after the pods: what depends on it finds them."""
