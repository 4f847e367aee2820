"""When an object counts as ready, and for how long it is waited for."""

import json

import pulumi

SKIP = {"pulumi.com/skipAwait": "true"}
"""For a Service that nothing has to wait for: the provider would watch its endpoints settle for ten seconds."""


def until(*conditions: str) -> dict[str, str]:
    """The annotation that makes an object ready when all `conditions` hold (`condition=X` or `jsonpath={...}=X`)."""
    return {"pulumi.com/waitFor": conditions[0] if len(conditions) == 1 else json.dumps(conditions)}


def limit(seconds: int) -> pulumi.CustomTimeouts:
    return pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s", delete=f"{seconds}s")


def progress_deadline(seconds: int) -> int:
    """A Deployment's own deadline, a little before the wait ends: the failure then says what Kubernetes saw."""
    return seconds * 9 // 10
