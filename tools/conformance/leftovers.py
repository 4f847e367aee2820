"""Find and remove the objects of the suite, but never those of another user's run."""

import hashlib
import socket

from local.errors import UserError
from local.paths import state_root
from tools.conformance.description import Description
from tools.conformance.kubectl_get import get
from tools.stack import Stack

_LABEL = "synergychat.local/conformance"
_TIMEOUT_S = 300


def mark(stack: Stack) -> dict[str, str]:
    """Return the label for the namespaces of a run from here. Others may run the suite on the same cluster."""
    here = f"{socket.gethostname()} {state_root()} {stack.context}"
    return {_LABEL: hashlib.sha256(here.encode()).hexdigest()[:12]}


def found(stack: Stack, description: Description) -> list[str]:
    """Return the namespaces that an earlier run from here left. Raises UserError for a namespace of another run."""
    labels = {
        item["metadata"]["name"]: item["metadata"].get("labels", {}) for item in get(stack, "namespaces")["items"]
    }
    there = sorted(description.namespaces & set(labels))
    if foreign := [name for name in there if not mark(stack).items() <= labels[name].items()]:
        raise UserError(
            f"{stack.context} has namespaces of the suite that another machine or user created: {', '.join(foreign)}.",
            "If nobody else runs the suite there, type: "
            f"kubectl --context {stack.context} delete namespace {' '.join(foreign)}",
        )
    return there


def remove(stack: Stack, description: Description) -> None:
    """Delete all objects of the suite. Raises UserError with the command to type if some remain."""
    options = ("--ignore-not-found", "--timeout", f"{_TIMEOUT_S}s")
    done = stack.kubectl("delete", *description.cluster_scoped, *options, timeout_s=_TIMEOUT_S + 30)
    if done.returncode != 0:
        raise UserError(
            f"Some objects of the suite could not be deleted: {done.stderr.strip()}",
            f"Type: kubectl --context {stack.context} delete {' '.join(description.cluster_scoped)}",
        )
