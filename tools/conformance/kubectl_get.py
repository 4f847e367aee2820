"""Read objects of the cluster with `kubectl get`."""

import json
from typing import Any

from local.errors import UserError
from tools.stack import Stack


def get(stack: Stack, *arguments: str) -> dict[str, Any]:
    """Return the output of `kubectl get`. Raises UserError with kubectl's message if it fails."""
    done = stack.kubectl("get", *arguments, "--output", "json", "--request-timeout", "10s")
    if done.returncode != 0:
        raise UserError(
            f"kubectl get {arguments[0]} failed on {stack.context}: {done.stderr.strip()}", f"Type: {stack.typed_up}"
        )
    return json.loads(done.stdout)
