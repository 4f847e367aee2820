"""TLS to backends: the BackendTLSPolicy that applies to one."""

from gatewayapi.policy_attachment import Attachable
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import read, values


def backend_tls_policy(backend: ObjectName, port: int | None, topology: Topology) -> tuple[Attachable, Manifest] | None:
    """The policy for a port of a backend, with the place that it targets; one for the port goes first."""
    ports = values(topology.objects.find(backend), "spec", "ports")
    section = next((read(own, "name", default="") for own in ports if read(own, "port") == port), "")
    for place in dict.fromkeys([Attachable(backend, section), Attachable(backend)]):
        for policy in topology.policies_for("BackendTLSPolicy", place)[:1]:
            return place, policy
    return None
