"""Objects as the API server returns them, in any state."""

from typing import Any

from health.rows import rows
from kube.manifest import Manifest

GATEWAY_API = "gateway.networking.k8s.io/v1"
ENVOY_GATEWAY = "gateway.envoyproxy.io/v1alpha1"
GENERATION = 3


def an_object(kind: str, version: str, name: str = "web", owner: str = "", **parts: Any) -> Manifest:
    metadata = {"name": name, "namespace": "chat", "uid": f"{kind} {name}", "generation": GENERATION}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}


def condition(name: str, status: str = "True", reason: str = "Fine", message: str = "all is well") -> Manifest:
    fields = {"type": name, "status": status, "reason": reason, "message": message}
    return fields | {"observedGeneration": GENERATION}


def text_of(item: Manifest, *behind: Manifest, kubectl: str = "kubectl --context kind-one") -> str:
    """The text about the first object; empty when it is ready."""
    (row,) = [row for row in rows([item, *behind], kubectl) if row.what == item["kind"]]
    return "" if row.state == "ok" else row.text


def gateway(conditions: list[Manifest], listeners: list[Manifest] | None = None) -> Manifest:
    return an_object(
        "Gateway",
        GATEWAY_API,
        spec={"gatewayClassName": "ours"},
        status={"conditions": conditions, "listeners": listeners or []},
    )


GOOD_GATEWAY = [condition("Accepted"), condition("Programmed")]


def route(kind: str, *parents: tuple[str, list[Manifest]], named: tuple[str, ...] = ("app-gateway",)) -> Manifest:
    """`parents` are the Gateways in its status, `named` those in its spec."""
    answered = [{"parentRef": {"name": name}, "conditions": conditions} for name, conditions in parents]
    version = GATEWAY_API if kind in ("HTTPRoute", "GRPCRoute") else "gateway.networking.k8s.io/v1alpha2"
    return an_object(
        kind, version, spec={"parentRefs": [{"name": name} for name in named]}, status={"parents": answered}
    )


GOOD_ROUTE = [condition("Accepted"), condition("ResolvedRefs")]


def deployment(
    *, asked: int = 2, seen: int = GENERATION, conditions: list[Manifest] | None = None, **counts: int
) -> Manifest:
    good = {"replicas": asked, "updatedReplicas": asked, "readyReplicas": asked, "availableReplicas": asked}
    status = {"observedGeneration": seen, "conditions": conditions or [], **(good | counts)}
    return an_object("Deployment", "apps/v1", spec={"replicas": asked}, status=status)


IMAGE = "example.com/web:1"
REPLICA_SET = an_object("ReplicaSet", "apps/v1", "web-1", owner="Deployment web")


def pod(state: Manifest, name: str = "web-1-a", *, before: Manifest | None = None, restarts: int = 0) -> Manifest:
    container = {"name": "app", "image": "", "ready": False, "restartCount": restarts, "state": state}
    container["lastState"] = before or {}
    spec = {"containers": [{"name": "app", "image": IMAGE}]}
    return an_object("Pod", "v1", name, owner="ReplicaSet web-1", spec=spec, status={"containerStatuses": [container]})


def waiting(reason: str, message: str = "as it is") -> Manifest:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error") -> Manifest:
    return {"terminated": {"exitCode": code, "reason": reason}}


def of_envoy(kind: str, name: str = "web", namespace: str = "chat", **labels: str) -> Manifest:
    """A Deployment or Service of the Envoy of a Gateway, or with the label `owning-gatewayclass` of a class."""
    prefix = "gateway.envoyproxy.io/owning-gateway"
    owner = labels or {f"{prefix}-namespace": namespace, f"{prefix}-name": name}
    made = (
        deployment()
        if kind == "Deployment"
        else an_object("Service", "v1", spec={"type": "ClusterIP"}, status={"loadBalancer": {}})
    )
    metadata = {"name": f"envoy-{name}", "namespace": "envoy-gateway-system", "uid": f"{kind} {namespace} {name}"}
    return made | {"metadata": made["metadata"] | metadata | {"labels": owner}}
