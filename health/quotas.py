"""Quotas: a ResourceQuota that is used up keeps Envoy Gateway from making what a Gateway needs.

It does so in the controller's namespace, and the Gateway's status does not say why. For an object that the stack itself
creates, the API server's error does. https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from collections.abc import Iterator, Mapping, Sequence

from health.envoys import GATEWAY, owner_of, owners
from health.failure import Failure
from health.kinds import Kind, Object

QUOTA = Kind("", "ResourceQuota")
_WITHOUT_ENVOY = ("AddressNotAssigned", "NoResources")
"""Reasons of a Gateway whose Envoy is not made yet, among other causes."""
_COUNTED: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("count/deployments.apps",),
    "Service": ("services", "services.loadbalancers", "services.nodeports", "count/services"),
}
"""Names under which a quota counts the objects of an Envoy. Its pods are explained with its Deployment."""


def failures(item: Object, failing: Sequence[Failure], known: Sequence[Object]) -> Iterator[tuple[Failure, str]]:
    """Each quota among `known` that is used up and counts what a Gateway's Envoy lacks, with the quota's namespace.

    `failing` are the Gateway's own failures. None for an object of another kind.
    """
    if Kind.of(item) != GATEWAY or all(failure.reason not in _WITHOUT_ENVOY for failure in failing):
        return
    made = {other["kind"] for other in known if owner_of(other) in owners(item)}
    missing = [kind for kind in _COUNTED if kind not in made]
    controllers = {
        other["metadata"]["namespace"]
        for other in known
        if other["kind"] == "Deployment" and other["metadata"].get("labels", {}).get("control-plane") == "envoy-gateway"
    }
    for quota in known:
        metadata = quota["metadata"]
        if Kind.of(quota) != QUOTA or metadata["namespace"] not in controllers:
            continue
        hard, used = (quota.get("status", {}).get(key, {}) for key in ("hard", "used"))
        spent = [
            f"{name} {used[name]} of {hard[name]}"
            for kind in missing
            for name in _COUNTED[kind]
            if _is_spent(used.get(name), hard.get(name))
        ]
        if spent:
            quota_name = f"{metadata['name']} of {metadata['namespace']} ({', '.join(spent)})"
            text = f"its Envoy has no {' and no '.join(missing)}, and a quota is used up: {quota_name}"
            yield Failure("", text), metadata["namespace"]


def _is_spent(used: str | None, hard: str | None) -> bool:
    if used is None or hard is None:
        return False
    # The API server writes a count as a whole number, unless it has a unit, as in 1k.
    are_counts = used.isdigit() and hard.isdigit()
    return int(used) >= int(hard) if are_counts else used == hard
