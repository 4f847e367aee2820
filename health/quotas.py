"""Quotas: a ResourceQuota that is used up keeps Envoy Gateway from making what a Gateway needs.

It does so in the controller's namespace, and the Gateway's status does not say why. For an object that the stack itself
creates, the API server's error does. https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from collections.abc import Iterator, Sequence

from gatewayapi.kinds import GATEWAY_API
from health.failure import Failure
from health.kinds import Kind, Object

QUOTA = Kind("", "ResourceQuota")
_GATEWAY = Kind(GATEWAY_API, "Gateway")
_NEEDED = ("pods", "services", "services.loadbalancers", "services.nodeports")


def failures(item: Object, known: Sequence[Object]) -> Iterator[tuple[Failure, str]]:
    """Each quota among `known` that is used up in a controller's namespace, with that namespace; for a Gateway only."""
    if Kind.of(item) != _GATEWAY:
        return
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
            f"{name} {used[name]} of {hard[name]}" for name in _NEEDED if _is_spent(used.get(name), hard.get(name))
        ]
        if spent:
            named = f"exceeded quota: {metadata['name']} of {metadata['namespace']}, used: {', '.join(spent)}"
            yield Failure("", named), metadata["namespace"]


def _is_spent(used: str | None, hard: str | None) -> bool:
    if used is None or hard is None:
        return False
    # The API server writes a count as a whole number, unless it has a unit, as in 1k.
    are_counts = used.isdigit() and hard.isdigit()
    return int(used) >= int(hard) if are_counts else used == hard
