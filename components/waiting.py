"""When an object counts as ready, and for how long it is waited for."""

import json
from collections.abc import Sequence

import pulumi

SKIP = {"pulumi.com/skipAwait": "true"}
"""For a Service that nothing has to wait for: the provider would watch its endpoints settle for ten seconds."""


# Only what was said of the generation at hand: an update must not pass on the verdict of its predecessor.
_CURRENT = "@.observedGeneration==$.metadata.generation"
_AVAILABLE = "@.type=='Available'"


def until_conditions(*types: str) -> dict[str, str]:
    """Ready when the conditions of these `types` are True for the object's current generation."""
    return _until(*(_holds(".status.conditions", each) for each in types))


def until_all_of(*entries: str, conditions: Sequence[str]) -> dict[str, str]:
    """The same for each of the `entries` of lists in the status, selected as in `parents[?@.x=='y']`."""
    return _until(*(_holds(f".status.{entry}.conditions", each) for entry in entries for each in conditions))


def _holds(conditions: str, type_: str) -> str:
    return f"jsonpath={{{conditions}[?@.type=='{type_}' && {_CURRENT}].status}}=True"


def until_rolled_out() -> dict[str, str]:
    """Ready when all pods of a Deployment are of its current template and available, and no others are left.

    The provider's own wait is content with a new ReplicaSet that has yet to be scaled up from nought. Here it still
    passes over a status of an earlier generation. Follows what `kubectl rollout status` waits for.
    """
    # A count of nought is left out of the status. The provider's parser takes a path only as the last operand.
    return _until(
        *(
            f"jsonpath={{.status.conditions[?$.spec.replicas==0 && {_AVAILABLE} || "
            f"{_AVAILABLE} && $.status.{count}==$.spec.replicas].status}}=True"
            for count in ("updatedReplicas", "availableReplicas", "replicas")
        )
    )


def _until(*expressions: str) -> dict[str, str]:
    if not expressions:
        return {}
    return {"pulumi.com/waitFor": expressions[0] if len(expressions) == 1 else json.dumps(expressions)}


def limit(seconds: int) -> pulumi.CustomTimeouts:
    return pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s", delete=f"{seconds}s")


def progress_deadline(seconds: int) -> int:
    """A Deployment's own deadline, a little before the wait ends: the failure then says what Kubernetes saw."""
    return seconds * 9 // 10
