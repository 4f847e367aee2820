"""NetworkPolicies: who may connect to whom in the stack's namespace.

They hold for the addresses and ports of pods, after a Service's have been translated. An enforcer lets through what
comes from the pod's own node, such as kubelet's probes.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from checks.walk import children
from components.declared import declared_by
from components.gateway_api import Wire
from components.kubernetes_object import KubernetesObject
from components.labels import OURS, PART_OF, metadata, selector
from components.namespace import Namespace
from config import AppConfig, GatewayConfig, StackConfig

_APP = "network-policy"
_BOTH = ["Ingress", "Egress"]
_BACKENDS = {"backendRef", "backendRefs"}


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    settings: StackConfig
    namespace: Namespace
    names: Mapping[str, str]
    """What the objects of the chat's workloads are called, by the names that the config has for these."""
    calls: Mapping[str, Sequence[str]]
    """Whom the chat's workloads call, beside those that the config says."""


class NetworkPolicies(pulumi.ComponentResource):
    """Nothing in the namespace connects or is connected to, but by one of these; nothing at all if they are not wanted.

    `default-deny`, which leaves every pod the cluster's DNS; for each workload that talks to others one of its name;
    and `gateway-to-others` for pods that are of no workload. One more NetworkPolicy only allows more.
    """

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:NetworkPolicies", name, None, opts)

        self._namespace = args.namespace
        settings = args.settings

        if settings.network_policy:
            proxies = proxies_of(settings.gateway, settings.namespace, settings.envoy_gateway.namespace)
            workloads = {each.name: each for each in _guarded(args)}
            self._policy(name, "default-deny", default_deny())
            self._policy(name, "gateway-to-others", gateway_to_others(proxies))
            for each in workloads.values():
                with declared_by(each.place, {}):
                    if spec := of_workload(each, workloads, proxies):
                        self._policy(name, each.app, spec)

        self.register_outputs({})

    def _policy(self, name: str, policy: str, spec: Wire) -> None:
        described = metadata(_APP, policy, namespace=self._namespace.name)
        wire = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": described, "spec": spec}
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
    """Whether the gateway sends it requests."""

    @property
    def peer(self) -> Wire:
        return {"podSelector": {"matchLabels": selector(self.app)}}


def default_deny() -> Wire:
    ports = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    dns: Wire = {"to": [_in_namespace("kube-system", {"k8s-app": "kube-dns"})], "ports": ports}
    return {"podSelector": {}, "policyTypes": _BOTH, "egress": [dns]}


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
    ingress: list[Wire] = [{"from": peers, **_port(guarded)}] if peers else []
    called = [workloads[each] for each in sorted(guarded.calls)]
    egress: list[Wire] = [{"to": [each.peer], **_port(each)} for each in called]
    rules = {
        "ingress": [*ingress, *guarded.settings.ingress],
        "egress": [*egress, *guarded.settings.egress],
    }
    given = {direction: each for direction, each in rules.items() if each}
    return {**guarded.peer, "policyTypes": _BOTH, **given} if given else None


def proxies_of(gateway: GatewayConfig, namespace: str, of_envoy_gateway: str) -> Wire:
    """The Envoys that Envoy Gateway runs for a namespace's Gateways, or with `mergeGateways` for all of a class."""
    prefix = "gateway.envoyproxy.io/owning-gateway"
    if gateway.proxy.get("mergeGateways") is True:
        return _in_namespace(of_envoy_gateway, {f"{prefix}class": gateway.class_name})
    return _in_namespace(of_envoy_gateway, {f"{prefix}-namespace": namespace})


def _in_namespace(namespace: str, pods: Mapping[str, str]) -> Wire:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": dict(pods)},
    }


def _port(guarded: Guarded) -> Wire:
    return {"ports": [{"port": guarded.settings.port, "protocol": "TCP"}]}


def _guarded(args: NetworkPoliciesArgs) -> Iterator[Guarded]:
    settings = args.settings
    exposed = {"web", "api", *settings.exposed, *_sent_requests(settings)}
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
