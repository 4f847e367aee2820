"""When an object counts as ready, and for how long it is waited for."""

import json

import pulumi

SKIP = {"pulumi.com/skipAwait": "true"}
"""For a Service that nothing has to wait for: the provider would watch its endpoints settle for ten seconds."""


# Only what was said of the generation at hand: an update must not pass on the verdict of its predecessor.
_CURRENT = "@.observedGeneration==$.metadata.generation"
_AVAILABLE = "@.type=='Available'"


def holds(*types: str, of: str = "") -> list[str]:
    """That the conditions of these `types` are True for the object's current generation.

    They are its own, or those of an entry of a list in its status, as `parents[?@.x=='y']` selects it.
    """
    place = f".status.{of}.conditions" if of else ".status.conditions"
    return [f"jsonpath={{{place}[?@.type=='{each}' && {_CURRENT}].status}}=True" for each in types]


def lacks(type_: str, *, of: str) -> str:
    """That a condition is not True for the current generation, of an entry of a list in its status as in `holds`."""
    entry = of.removesuffix("]")
    return f"jsonpath={{.status.{entry}&&!@.conditions[?@.type=='{type_}'&&@.status=='True'&&{_CURRENT}]]}}"


def holds_for_each(*types: str, of: str) -> list[str]:
    """The same of every entry of a list in its status, as `parents[?@.x=='y']` selects them, of which there is one."""
    # A path that is compared goes by the first value that it selects: this one selects the status, or nothing.
    entries = of.removesuffix("]")
    return [
        f"jsonpath={{$[?@.{of}&&!@.{entries}&&!@.conditions[?@.type=='{each}'&&@.status=='True'&&{_CURRENT}]]]}}"
        for each in types
    ]


def rolled_out() -> list[str]:
    """That all pods of a Deployment are of its current template and available, and no others are left.

    The provider's own wait is content with a new ReplicaSet that has yet to be scaled up from nought. Here it still
    passes over a status of an earlier generation. Follows what `kubectl rollout status` waits for.
    """
    # A count of nought is left out of the status. One count each: the provider's parser takes no third operand here.
    return [
        f"jsonpath={{.status.conditions[?$.spec.replicas==0 && {_AVAILABLE} || "
        f"{_AVAILABLE} && $.status.{count}==$.spec.replicas].status}}=True"
        for count in ("updatedReplicas", "availableReplicas", "replicas")
    ]


def until(*expressions: str) -> dict[str, str]:
    """The annotation that makes an object ready when all of these hold of it; without any, at once."""
    if not expressions:
        return {}
    return {"pulumi.com/waitFor": expressions[0] if len(expressions) == 1 else json.dumps(expressions)}


def limit(seconds: int) -> pulumi.CustomTimeouts:
    return pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s", delete=f"{seconds}s")


def progress_deadline(seconds: int) -> int:
    """A Deployment's own deadline, a little before the wait ends: the failure then says what Kubernetes saw."""
    return seconds * 9 // 10
