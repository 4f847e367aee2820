"""The table of the kinds that are looked at, and how each says that it is well."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gatewayapi.kinds import CERT_MANAGER, ENVOY_GATEWAY, GATEWAY_API, PARTIALLY_INVALID, POLICIES, READY_WHEN, ROUTES
from health.conditions import met, no_status, unmet
from health.failure import Failure

Object = Mapping[str, Any]


class Verdict(NamedTuple):
    """What is wrong with an object, or `text` about one that is well."""

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
        """As `kubectl get` takes it."""
        return f"{self.name.lower()}.{self.group}".removesuffix(".")


Judge = Callable[[Object], Verdict | None]
"""None where there is nothing to say."""


def _by_itself(item: Object) -> Verdict:
    return Verdict(unmet(item.get("status", {}), READY_WHEN[item["kind"]], item["metadata"]["generation"]))


def _route(item: Object) -> Verdict:
    """Each Gateway that it names must take all of it: https://gateway-api.sigs.k8s.io/api-types/httproute/."""
    answered, generation = item.get("status", {}).get("parents", []), item["metadata"]["generation"]
    failures: list[Failure] = []
    # What is said of a parent that is not named any more stays in the status.
    for subject in map(_subject, item["spec"].get("parentRefs", [])):
        verdicts = [parent for parent in answered if _subject(parent["parentRef"]) == subject]
        for each in verdicts:
            failures += unmet(each, READY_WHEN[item["kind"]], generation, subject)
            failures += met(each, PARTIALLY_INVALID, generation, subject)
        if not verdicts:
            failures.append(no_status("is there such a parent, and does its controller run?", subject))
    return Verdict(failures)


_WHERE_IS_A_STATUS = "is what it targets there, and does its controller run?"
_WHERE_IS_ITS_STATUS = {
    "EnvoyPatchPolicy": f"{_WHERE_IS_A_STATUS} With several Gateways Envoy Gateway 1.9 may have lost it, though the "
    "patch is at work: delete the object with kubectl, then pulumi up --refresh"
}


def _policy(item: Object) -> Verdict:
    """It is judged per Gateway that it reaches: https://gateway-api.sigs.k8s.io/geps/gep-713/."""
    ancestors = item.get("status", {}).get("ancestors", [])
    failures = [] if ancestors else [no_status(_WHERE_IS_ITS_STATUS.get(item["kind"], _WHERE_IS_A_STATUS))]
    for each in ancestors:
        subject = _subject(each["ancestorRef"])
        failures += unmet(each, READY_WHEN[item["kind"]], item["metadata"]["generation"], subject)
    return Verdict(failures)


def _backend(item: Object) -> Verdict:
    """Envoy Gateway says nothing of one that no route or policy refers to, and of a bad one Invalid=False."""
    conditions, generation = item.get("status", {}).get("conditions", []), item["metadata"]["generation"]
    if not conditions:
        return Verdict([], "nothing refers to it")
    current = [each for each in conditions if each.get("observedGeneration", generation) == generation]
    refused = [Failure(each["type"], each["message"]) for each in current if each["status"] == "False"]
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
    """By the rules of `kubectl rollout status`, with the Deployment's own words for what is in the way."""
    asked, status = item["spec"].get("replicas", 1), item.get("status", {})
    total, updated, available = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    failures: list[Failure] = []
    if status.get("observedGeneration", 0) < item["metadata"]["generation"]:
        failures.append(Failure("", "its last change is not taken up yet"))
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
    return Verdict([Failure("", f"it has yet to complete: {counts}")])


def _service(item: Object) -> Verdict | None:
    if item["spec"].get("type") != "LoadBalancer":
        return None
    given = item.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    addresses = [each.get("ip") or each.get("hostname", "") for each in given]
    failure = Failure("", "no load balancer has given it an address")
    return Verdict([] if addresses else [failure], ", ".join(addresses))


KINDS: Mapping[Kind, Judge] = {
    Kind(GATEWAY_API, "GatewayClass"): _by_itself,
    **{Kind(CERT_MANAGER, name): _by_itself for name in ("Issuer", "Certificate")},
    Kind(GATEWAY_API, "Gateway"): _listening,
    Kind(GATEWAY_API, "ListenerSet"): _listening,
    Kind(ENVOY_GATEWAY, "Backend"): _backend,
    **{Kind(GATEWAY_API, name): _route for name in ROUTES},
    **{Kind(GATEWAY_API if name == "BackendTLSPolicy" else ENVOY_GATEWAY, name): _policy for name in POLICIES},
    Kind("batch", "Job"): _job,
    Kind("apps", "Deployment"): _deployment,
    Kind("", "Service"): _service,
}
