"""NetworkPolicies: who may connect to whom in the stack's namespace.

They hold for the addresses and ports of pods, after a Service's have been translated. An enforcer lets through what
comes from the pod's own node, such as kubelet's probes.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from components.apps.workload import Backend, ports
from components.gateway.gateway import Gateway
from components.gateway.manifests import Wire
from config import AppConfig, StackConfig
from kube.json_paths import children
from kube.labels import OURS, PART_OF, metadata, pods_of, selector
from kube.resource import KubernetesObject
from preview.recorder import declared_by

_APP = "network-policy"
_BOTH = ["Ingress", "Egress"]
_BACKENDS = {"backendRef", "backendRefs"}


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    settings: StackConfig
    gateway: Gateway
    """Its namespace is theirs; its proxies reach what is exposed."""
    names: Mapping[str, str]
    """What the objects of the chat's workloads are called, by the names that the config has for these."""
    calls: Mapping[str, Sequence[str]]
    """Whom the chat's workloads call, beside those that the config says."""


class NetworkPolicies(pulumi.ComponentResource):
    """Nothing in the namespace connects or is connected to, but by one of these; none of them if it does not deny.

    `default-deny`, which leaves every pod the cluster's DNS; for each workload that talks to others one of its name;
    and `gateway-to-others` for pods that are of no workload. One more NetworkPolicy, such as an Expose's, only allows
    more.
    """

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:NetworkPolicies", name, None, opts)

        self._namespace = args.gateway.namespace

        if self._namespace.default_deny:
            proxies = args.gateway.proxies
            workloads = {each.name: each for each in _guarded(args)}
            self._policy(name, "default-deny", default_deny())
            self._policy(name, "gateway-to-others", gateway_to_others(proxies))
            for each in workloads.values():
                with declared_by(each.place, {}):
                    if spec := of_workload(each, workloads, proxies):
                        self._policy(name, each.app, spec)

        self.register_outputs({})

    def _policy(self, name: str, policy: str, spec: Wire) -> None:
        wire = network_policy(_APP, policy, self._namespace.name, spec)
        here = pulumi.ResourceOptions(parent=self, depends_on=[self._namespace.resource])
        KubernetesObject(f"{name}-{policy}", wire, here)


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A workload as its policy sees it."""

    name: str
    """In the config: callers say it."""
    app: str
    """What its objects are called."""
    place: str
    """Of its keys in the config."""
    settings: AppConfig
    calls: frozenset[str]
    exposed: bool
    """Whether a route or a policy sends it requests, other than an Expose's."""

    @property
    def peer(self) -> Wire:
        return {"podSelector": {"matchLabels": selector(self.app)}}


def network_policy(app: str, name: str, namespace: str, spec: Wire) -> Wire:
    described = metadata(app, name, namespace=namespace)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": described, "spec": spec}


def default_deny() -> Wire:
    dns_ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    dns: Wire = {"to": [pods_of("kube-system", {"k8s-app": "kube-dns"})], "ports": dns_ports}
    return {"podSelector": {}, "policyTypes": _BOTH, "egress": [dns]}


def from_gateway(backend: Backend, proxies: Wire) -> Wire:
    """What lets a Gateway's proxies in to the pods behind a Service."""
    ingress = [{"from": [proxies], "ports": list(backend.pod_ports)}]
    return {"podSelector": {"matchLabels": dict(backend.pods)}, "policyTypes": ["Ingress"], "ingress": ingress}


def gateway_to_others(proxies: Wire) -> Wire:
    """For pods that the program knows nothing of: those of `objects`, or by which cert-manager answers a challenge.

    Which of them a route sends requests to, on which port, is theirs to say.
    """
    others = {"matchExpressions": [{"key": PART_OF, "operator": "NotIn", "values": [OURS[PART_OF]]}]}
    return {"podSelector": others, "policyTypes": ["Ingress"], "ingress": [{"from": [proxies]}]}


def of_workload(guarded: Guarded, workloads: Mapping[str, Guarded], proxies: Wire) -> Wire | None:
    """None for one that nobody connects to and that connects to nobody: `default-deny` says so of it."""
    callers = [each.peer for each in workloads.values() if guarded.name in each.calls]
    peers = [*([proxies] if guarded.exposed else []), *callers]
    ingress: list[Wire] = [{"from": peers, "ports": ports.of_pods(guarded.settings)}] if peers else []
    called = [workloads[each] for each in sorted(guarded.calls)]
    egress: list[Wire] = [{"to": [each.peer], "ports": ports.of_pods(each.settings)} for each in called]
    rules = {
        "ingress": [*ingress, *guarded.settings.ingress],
        "egress": [*egress, *guarded.settings.egress],
    }
    given = {direction: each for direction, each in rules.items() if each}
    return {**guarded.peer, "policyTypes": _BOTH, **given} if given else None


def _guarded(args: NetworkPoliciesArgs) -> Iterator[Guarded]:
    settings = args.settings
    exposed = {"web", "api", *_sent_requests(settings)}
    for name, each in settings.workloads.items():
        yield Guarded(
            name=name,
            app=args.names.get(name, name),
            place=f"apps.{name}" if name in settings.apps else name,
            settings=each,
            calls=frozenset({*args.calls.get(name, ()), *each.calls}),
            exposed=name in exposed,
        )


def _sent_requests(settings: StackConfig) -> Iterator[str]:
    """The workloads that routes and policies of the config name: as workloads, or by their Services."""
    services = {each.service_name or name: name for name, each in settings.workloads.items()}
    for route in settings.routes.values():
        yield from filter(None, [route.backend])
        yield from [route.canary.stable, route.canary.next] if route.canary else []
    wires = [*settings.routes.values(), *settings.policies.values(), *settings.objects]
    for reference in _references([each.fields for each in wires]):
        name = reference.get("workload") or services.get(str(reference.get("name")))
        if isinstance(name, str):
            yield name


def _references(value: Any) -> Iterator[Mapping[str, Any]]:
    for step, child in children(value):
        if step in _BACKENDS:
            found = cast(list[Any], child) if isinstance(child, list) else [child]
            yield from (cast(Mapping[str, Any], each) for each in found if isinstance(each, Mapping))
        yield from _references(child)
