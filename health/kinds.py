"""Kinds: how each kind of object reports that it is ready."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gatewayapi.kinds import (
    CERT_MANAGER,
    ENVOY_GATEWAY,
    GATEWAY_API,
    GROUPS,
    PARTIALLY_INVALID,
    POLICIES,
    READY_WHEN,
    ROUTES,
)
from health.conditions import met, no_status, unmet
from health.failure import Failure

Object = Mapping[str, Any]


class Verdict(NamedTuple):
    """The failures of an object, or `text` about a ready one."""

    failures: Sequence[Failure]
    text: str = ""


class Kind(NamedTuple):
    group: str
    name: str

    @classmethod
    def of(cls, item: Object) -> "Kind":
        return cls(item["apiVersion"].rpartition("/")[0], item["kind"])

    @property
    def resource(self) -> str:
        """The kind as an argument of `kubectl get`."""
        return f"{self.name.lower()}.{self.group}".removesuffix(".")


Judge = Callable[[Object], Verdict | None]
"""Judges an object; None for one that is not of interest."""


def _by_itself(item: Object) -> Verdict:
    return Verdict(unmet(item.get("status", {}), READY_WHEN[item["kind"]], item["metadata"]["generation"]))


def _route(item: Object) -> Verdict:
    """A route: each of its parents must accept all of it. https://gateway-api.sigs.k8s.io/api-types/httproute/"""
    answered, generation = item.get("status", {}).get("parents", []), item["metadata"]["generation"]
    failures: list[Failure] = []
    # The status keeps entries of parents that the route no longer names.
    for subject in map(_subject, item["spec"].get("parentRefs", [])):
        verdicts = [parent for parent in answered if _subject(parent["parentRef"]) == subject]
        for verdict in verdicts:
            failures += unmet(verdict, READY_WHEN[item["kind"]], generation, subject)
            failures += met(verdict, PARTIALLY_INVALID, generation, subject)
        if not verdicts:
            failures.append(no_status("does the parent exist, and does its controller run?", subject))
    return Verdict(failures)


_WHERE_IS_A_STATUS = "does its target exist, and does its controller run?"
_WHERE_IS_ITS_STATUS = {
    "EnvoyPatchPolicy": f"{_WHERE_IS_A_STATUS} With several Gateways Envoy Gateway may lose the status although the "
    "patch works: delete the object with kubectl, then pulumi up --refresh"
}


def _policy(item: Object) -> Verdict:
    """A policy: each Gateway that it affects must accept it. https://gateway-api.sigs.k8s.io/geps/gep-713/"""
    ancestors = item.get("status", {}).get("ancestors", [])
    failures = [] if ancestors else [no_status(_WHERE_IS_ITS_STATUS.get(item["kind"], _WHERE_IS_A_STATUS))]
    for ancestor in ancestors:
        subject = _subject(ancestor["ancestorRef"])
        failures += unmet(ancestor, READY_WHEN[item["kind"]], item["metadata"]["generation"], subject)
    return Verdict(failures)


def _backend(item: Object) -> Verdict:
    """A Backend. Envoy Gateway reports nothing for an unused one, and Invalid=False for a bad one."""
    conditions, generation = item.get("status", {}).get("conditions", []), item["metadata"]["generation"]
    if not conditions:
        return Verdict([], "nothing refers to it")
    current = [condition for condition in conditions if condition.get("observedGeneration", generation) == generation]
    refused = [
        Failure(condition["type"], condition["message"]) for condition in current if condition["status"] == "False"
    ]
    return Verdict(refused or unmet(item["status"], ("Accepted",), generation))


def _subject(ref: Object) -> str:
    parts = [ref["name"], *(str(ref[key]) for key in ("sectionName", "port") if key in ref)]
    return f"{ref.get('kind', 'Gateway')} {' '.join(parts)}"


def _listening(item: Object) -> Verdict:
    """A Gateway or a ListenerSet."""
    status, generation = item.get("status", {}), item["metadata"]["generation"]
    failures = unmet(status, READY_WHEN[item["kind"]], generation)
    for listener in status.get("listeners", []):
        failures += unmet(
            listener, ("Accepted", "Programmed", "ResolvedRefs"), generation, f"listener {listener['name']}"
        )
    return Verdict(failures)


def _deployment(item: Object) -> Verdict:
    """A Deployment, by the rules of `kubectl rollout status`, with the reasons of its own conditions."""
    asked, status = item["spec"].get("replicas", 1), item.get("status", {})
    total, updated, available = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    failures: list[Failure] = []
    if status.get("observedGeneration", 0) < item["metadata"]["generation"]:
        failures.append(Failure("", "its last change is not processed yet"))
    elif not asked == total == updated == available:
        old = f", {total - updated} of an earlier version" if total > updated else ""
        failures.append(Failure("", f"{updated} of {asked} replicas updated, {available} available{old}"))
    good = {"Progressing": "True", "Available": "True", "ReplicaFailure": "False"}
    for condition in status.get("conditions", []):
        if condition["status"] != good.get(condition["type"], condition["status"]):
            failures.append(Failure(condition["reason"], condition["message"]))
    return Verdict(failures, f"{available}/{asked} available")


def _job(item: Object) -> Verdict:
    status = item.get("status", {})
    ended = {
        condition["type"]: condition for condition in status.get("conditions", []) if condition["status"] == "True"
    }
    if "Complete" in ended:
        return Verdict([], "complete")
    if failed := ended.get("Failed"):
        return Verdict([Failure(failed["reason"], failed["message"])])
    counts = ", ".join(f"{status.get(name, 0)} {name}" for name in ("active", "failed"))
    return Verdict([Failure("", f"not complete yet: {counts}")])


def _service(item: Object) -> Verdict | None:
    if item["spec"].get("type") != "LoadBalancer":
        return None
    given = item.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    addresses = [address.get("ip") or address.get("hostname", "") for address in given]
    failure = Failure("", "it has no address from a load balancer yet")
    return Verdict([] if addresses else [failure], ", ".join(addresses))


KINDS: Mapping[Kind, Judge] = {
    Kind(GATEWAY_API, "GatewayClass"): _by_itself,
    **{Kind(CERT_MANAGER, name): _by_itself for name in ("Issuer", "Certificate")},
    Kind(GATEWAY_API, "Gateway"): _listening,
    Kind(GATEWAY_API, "ListenerSet"): _listening,
    Kind(ENVOY_GATEWAY, "Backend"): _backend,
    **{Kind(GATEWAY_API, name): _route for name in ROUTES},
    **{Kind(GROUPS[name], name): _policy for name in POLICIES},
    Kind("batch", "Job"): _job,
    Kind("apps", "Deployment"): _deployment,
    Kind("", "Service"): _service,
}
