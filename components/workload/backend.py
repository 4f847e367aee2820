"""Backend: where a route may send requests."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A Service's port. Made by a workload, so that no name and port is typed twice."""

    namespace: str
    service: str
    port: int
    resource: pulumi.Resource
    """The Service. It comes after the pods: what depends on it finds them."""
