"""NetworkPolicies: the connections that are allowed in the stack's namespace.

They apply to addresses and ports of pods, after a Service's have been translated. An enforcer always allows connections
from the pod's own node, such as kubelet's probes.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.apps.workload import ports
from components.backend import Backend
from components.gateway.gateway import Gateway
from config import WorkloadTraffic
from kube.labels import COMMON, PART_OF, metadata, pods_of, selector
from kube.manifest import Manifest
from kube.resource import KubernetesObject
from preview.recorder import config_source

_APP = "network-policy"
_BOTH = ["Ingress", "Egress"]


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    workloads: Sequence[WorkloadTraffic]
    names: Mapping[str, str]
    """Names of the workloads' objects, where they differ from the workloads' names."""
    gateway: Gateway
    """The Gateway whose Envoys reach the exposed workloads. The policies live in its namespace."""


class NetworkPolicies(pulumi.ComponentResource):
    """Default-deny for the namespace plus one allow policy per workload. Creates nothing when `default_deny` is off.

    `default-deny` leaves every pod the cluster's DNS; each workload with connections has a policy of its name;
    `gateway-to-others` is for pods that are not the stack's workloads. Any further NetworkPolicy, such as an Expose's,
    only allows more.
    """

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:NetworkPolicies", name, None, opts)

        self._namespace = args.gateway.namespace

        if self._namespace.default_deny:
            proxies = args.gateway.proxies
            subjects = {
                workload.name: Subject(workload, args.names.get(workload.name, workload.name))
                for workload in args.workloads
            }
            self._policy(name, "default-deny", default_deny())
            self._policy(name, "gateway-to-others", gateway_to_others(proxies))
            for subject in subjects.values():
                with config_source(subject.traffic.path):
                    if spec := of_workload(subject, subjects, proxies):
                        self._policy(name, subject.app, spec)

        self.register_outputs({})

    def _policy(self, name: str, policy: str, spec: Manifest) -> None:
        manifest = network_policy(_APP, policy, self._namespace.name, spec)
        here = pulumi.ResourceOptions(parent=self, depends_on=[self._namespace.resource])
        KubernetesObject(f"{name}-{policy}", manifest, here)


@dataclass(frozen=True)
class Subject:
    """A workload that a policy is for."""

    traffic: WorkloadTraffic
    app: str
    """Name of the workload's objects."""

    @property
    def peer(self) -> Manifest:
        """The workload's pods, as a NetworkPolicy peer."""
        return {"podSelector": {"matchLabels": selector(self.app)}}


def network_policy(app: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    """A NetworkPolicy."""
    described = metadata(app, name, namespace=namespace)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": described, "spec": spec}


def default_deny() -> Manifest:
    """Deny everything but DNS for all pods."""
    dns_ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    dns: Manifest = {"to": [pods_of("kube-system", {"k8s-app": "kube-dns"})], "ports": dns_ports}
    return {"podSelector": {}, "policyTypes": _BOTH, "egress": [dns]}


def from_gateway(backend: Backend, proxies: Manifest) -> Manifest:
    """Allow a Gateway's Envoys to connect to the pods behind a Service."""
    ingress = [{"from": [proxies], "ports": list(backend.pod_ports)}]
    return {"podSelector": {"matchLabels": dict(backend.pods)}, "policyTypes": ["Ingress"], "ingress": ingress}


def gateway_to_others(proxies: Manifest) -> Manifest:
    """Allow a Gateway's Envoys to connect to pods that the program does not know.

    These are pods of `objects`, or those by which cert-manager answers a challenge. A route says to which of them, and
    to which port, requests go.
    """
    others = {"matchExpressions": [{"key": PART_OF, "operator": "NotIn", "values": [COMMON[PART_OF]]}]}
    return {"podSelector": others, "policyTypes": ["Ingress"], "ingress": [{"from": [proxies]}]}


def of_workload(subject: Subject, subjects: Mapping[str, Subject], proxies: Manifest) -> Manifest | None:
    """Allow the connections of a workload; None for one without any, for which `default-deny` is enough."""
    keys, calls = subject.traffic.keys, subject.traffic.calls
    callers = [caller.peer for caller in subjects.values() if subject.traffic.name in caller.traffic.calls]
    peers = [*([proxies] if subject.traffic.is_exposed else []), *callers]
    ingress: list[Manifest] = [{"from": peers, "ports": ports.of_pods(keys)}] if peers else []
    called = [subjects[name] for name in sorted(calls)]
    egress: list[Manifest] = [{"to": [callee.peer], "ports": ports.of_pods(callee.traffic.keys)} for callee in called]
    rules = {"ingress": [*ingress, *keys.ingress], "egress": [*egress, *keys.egress]}
    given = {direction: entries for direction, entries in rules.items() if entries}
    return {**subject.peer, "policyTypes": _BOTH, **given} if given else None
