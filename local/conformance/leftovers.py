"""What the suite made, removed whenever it could not do so itself; and never anybody else's run of the suite."""

from local.conformance.description import Description
from local.conformance.objects import get
from local.errors import UserError
from local.stack import Stack

LABEL = "synergychat.local/conformance"
"""On every namespace of a run from here."""
_TIMEOUT = "300s"


def found(stack: Stack, description: Description) -> list[str]:
    """Namespaces of an earlier run from here. UserError when one is there that is not from here."""
    labels = {
        item["metadata"]["name"]: item["metadata"].get("labels", {}) for item in get(stack, "namespaces")["items"]
    }
    there = sorted(description.namespaces & set(labels))
    if foreign := [name for name in there if LABEL not in labels[name]]:
        raise UserError(
            f"{stack.context} has namespaces of the suite that are not from here: {', '.join(foreign)}.",
            f"If nobody runs it there: kubectl --context {stack.context} delete namespace {' '.join(foreign)}",
        )
    return there


def remove(stack: Stack, description: Description) -> None:
    """UserError with the command that removes them when some stay."""
    options = ("--ignore-not-found", "--timeout", _TIMEOUT)
    done = stack.kubectl("delete", *description.cluster_scoped, *options)
    if done.returncode != 0:
        raise UserError(
            f"Not all that the suite made could be removed: {done.stderr.strip()}",
            f"Type: kubectl --context {stack.context} delete {' '.join(description.cluster_scoped)}",
        )
