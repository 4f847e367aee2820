"""Objects of the cluster, as `kubectl get` gives them."""

import json
from typing import Any

from local.errors import UserError
from tools.stack import Stack


def get(stack: Stack, *arguments: str) -> dict[str, Any]:
    """UserError with kubectl's own words when there is no such kind, or no cluster that answers."""
    done = stack.kubectl("get", *arguments, "--output", "json", "--request-timeout", "10s")
    if done.returncode != 0:
        raise UserError(
            f"{stack.context} was asked for {arguments[0]}: {done.stderr.strip()}", f"Type: {stack.typed_up}"
        )
    return json.loads(done.stdout)
