"""Diagnosis: why an object did not become ready, said where Pulumi says that it waited in vain."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterable

import pulumi

from health import Row, Unanswered, look
from kinds import ENVOY_GATEWAY, GATEWAY_API

_PATIENCE_S = 20
# What Envoy Gateway runs: when that is not well, no Gateway, route or policy can be.
_BEHIND = ("Deployment", "Service")


def diagnosis(context: str) -> pulumi.ErrorHook:
    """Asks the cluster, with kubectl, about an object whose creation or update has failed, and logs what it says.

    Without kubectl, or without an answer, the provider's own words have to do. Nothing is tried again.
    https://www.pulumi.com/docs/iac/concepts/options/hooks/
    """

    async def explain(args: pulumi.ErrorHookArgs) -> bool:
        wire = args.new_inputs or args.old_inputs or {}
        described = wire.get("metadata", {})
        own = wire.get("kind", ""), described.get("namespace", ""), described.get("name", "")
        behind = str(wire.get("apiVersion", "")).startswith((GATEWAY_API, ENVOY_GATEWAY))
        rows = await asyncio.to_thread(_ask, context)
        if text := _text(rows, own, behind=behind):
            pulumi.log.error(text)
        return False

    return pulumi.ErrorHook("diagnosis", explain)


def _ask(context: str) -> list[Row]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return []

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [kubectl, "--context", context, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)

    try:
        return look(run, f"kubectl --context {context}")
    except (Unanswered, OSError, subprocess.TimeoutExpired):
        return []


def _text(rows: Iterable[Row], named: tuple[str, str, str], *, behind: bool) -> str:
    """Of the failing rows that of the object itself, and, where that can be the cause, those of what runs behind it."""
    failing = [row for row in rows if row.state != "ok"]
    own = [row for row in failing if (row.what, row.namespace, row.name) == named]
    causes = [row for row in failing if behind and row.what in _BEHIND and row.name.startswith("envoy-")]
    return "\n".join(
        f"{row.what} {row.name} is not ready:\n" + "\n".join(f"  {line}" for line in row.text.splitlines())
        for row in (*own, *causes)
    )
