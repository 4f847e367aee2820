"""Deployed: the volume claims in Pulumi's state, as the last update of the stack left them."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pulumi

from kube.kubectl import last_line
from kube.manifest import Manifest
from kube.plan_run import WITHOUT_STATE

_TIMEOUT_S = 60
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def claims(stack: str) -> Mapping[str, Manifest]:
    """The volume claims in the state of `stack`, as the program declared them, by the names of their resources.

    A program cannot read its own state, so this asks the `pulumi` on the PATH. Without an answer it warns and returns
    none. A claim that Pulumi has replaced, and not deleted yet, is left out.
    """
    if WITHOUT_STATE in os.environ:
        return {}
    program = shutil.which("pulumi")
    if program is None:
        return _unknown("there is no pulumi on the PATH")
    try:
        command = [program, "stack", "export", "--stack", stack, "--non-interactive"]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=_TIMEOUT_S
        )
        if done.returncode != 0:
            return _unknown(last_line(done.stderr))
        deployment: Mapping[str, Any] = json.loads(done.stdout).get("deployment") or {}
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return _unknown(str(error))
    return {
        resource["urn"].rpartition("::")[2]: resource.get("inputs", {})
        for resource in deployment.get("resources") or ()
        if resource.get("type") == CLAIM and not resource.get("delete")
    }


def _unknown(reason: str) -> Mapping[str, Manifest]:
    """Warn that the state cannot be read, and return no claims."""
    pulumi.log.warn(
        f"The stack's state cannot be read: {reason}. So nothing checks that no volume claim gets another namespace or "
        "storage class, which would leave its data behind"
    )
    return {}
