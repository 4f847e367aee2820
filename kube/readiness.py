"""Readiness: the conditions that make an object ready, and how long to wait for them."""

import json

import pulumi

SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation of a Service that nothing waits for: the provider would watch its endpoints for ten seconds."""
REPLACE_UNREADY = {"pulumi.com/replaceUnready": "true"}
"""Annotation of a Job that may be deleted and run again.
https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-kubernetes-annotations"""

# Only conditions of the current generation count: an update must not pass on the verdict of the version before.
_CURRENT = "@.observedGeneration==$.metadata.generation"
_AVAILABLE = "@.type=='Available'"


def condition_true(*types: str, of: str = "") -> list[str]:
    """Expressions that hold when the conditions `types` are True for the object's current generation.

    `of` selects an entry of a list in the status that has the conditions, such as `parents[?@.x=='y']`.
    """
    place = f".status.{of}.conditions" if of else ".status.conditions"
    return [f"jsonpath={{{place}[?@.type=='{name}' && {_CURRENT}].status}}=True" for name in types]


def condition_absent(type_: str, *, of: str) -> str:
    """An expression that holds when a condition is not True, in an entry of a list in the status."""
    entry = of.removesuffix("]")
    return f"jsonpath={{.status.{entry}&&!@.conditions[?@.type=='{type_}'&&@.status=='True'&&{_CURRENT}]]}}"


def condition_true_for_each(*types: str, of: str) -> list[str]:
    """Expressions that hold when the conditions are True in every entry that `of` selects, and there is one."""
    # A path that is compared yields its first value: this one selects the status, or nothing.
    entries = of.removesuffix("]")
    return [
        f"jsonpath={{$[?@.{of}&&!@.{entries}&&!@.conditions[?@.type=='{name}'&&@.status=='True'&&{_CURRENT}]]]}}"
        for name in types
    ]


def rolled_out() -> list[str]:
    """Expressions that hold when all pods of a Deployment have its current template and are available.

    The provider's own wait accepts a new ReplicaSet that is not scaled up yet. Here it still skips a status of an
    earlier generation. Follows `kubectl rollout status`.
    """
    # The status leaves out a count of zero. One expression per count: the provider's parser takes no third operand.
    return [
        f"jsonpath={{.status.conditions[?$.spec.replicas==0 && {_AVAILABLE} || "
        f"{_AVAILABLE} && $.status.{count}==$.spec.replicas].status}}=True"
        for count in ("updatedReplicas", "availableReplicas", "replicas")
    ]


_NAMESPACE_GONE_S = 600


def wait_for(*expressions: str) -> dict[str, str]:
    """The annotation that makes an object ready when all expressions hold; without any it is ready at once."""
    if not expressions:
        return {}
    return {"pulumi.com/waitFor": expressions[0] if len(expressions) == 1 else json.dumps(expressions)}


def timeouts(seconds: int, *, kind: str = "") -> pulumi.CustomTimeouts:
    """Time for an object to become ready, or to be gone.

    A namespace is gone when its last pod is, which may need its whole grace period: that of an Envoy is six minutes.
    """
    gone = max(seconds, _NAMESPACE_GONE_S) if kind == "Namespace" else seconds
    return pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s", delete=f"{gone}s")


def progress_deadline(seconds: int) -> int:
    """A Deployment's own deadline, shortly before the wait ends, so that a failure has Kubernetes' own message."""
    return seconds * 9 // 10
