"""What the suite made, removed whenever it could not do so itself; and never anybody else's run of the suite."""

import hashlib
import socket

from local.errors import UserError
from local.paths import state_root
from tools.conformance.description import Description
from tools.conformance.objects import get
from tools.stack import Stack

_LABEL = "synergychat.local/conformance"
_TIMEOUT = "300s"


def mark(stack: Stack) -> dict[str, str]:
    """The label of every namespace that a run from here makes: others may run the suite on the same cluster."""
    here = f"{socket.gethostname()} {state_root()} {stack.context}"
    return {_LABEL: hashlib.sha256(here.encode()).hexdigest()[:12]}


def found(stack: Stack, description: Description) -> list[str]:
    """Namespaces of an earlier run from here. UserError when one is there that is not from here."""
    labels = {
        item["metadata"]["name"]: item["metadata"].get("labels", {}) for item in get(stack, "namespaces")["items"]
    }
    there = sorted(description.namespaces & set(labels))
    if foreign := [name for name in there if not mark(stack).items() <= labels[name].items()]:
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
