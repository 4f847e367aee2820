"""Diagnosis: why an object did not become ready, said where Pulumi says that it waited in vain."""

import asyncio
import time
from collections.abc import Iterable

import pulumi

from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API
from health import Row, Unanswered, look
from kube.kubectl import kubectl

# Objects that are waited for side by side fail side by side: one answer does for them.
_FRESH_S = 10
# What Envoy Gateway runs: when that is not well, no Gateway, route or policy can be.
_BEHIND = ("Deployment", "Service")


def diagnosis(context: str) -> pulumi.ErrorHook:
    """Asks the cluster, with kubectl, about an object whose creation or update has failed, and logs what it says.

    Without kubectl, or without an answer, the provider's own words have to do. Nothing is tried again, or said twice.
    https://www.pulumi.com/docs/iac/concepts/options/hooks/
    """

    cluster = _Cluster(context)
    told: set[str] = set()

    async def explain(args: pulumi.ErrorHookArgs) -> bool:
        wire = args.new_inputs or args.old_inputs or {}
        described = wire.get("metadata", {})
        own = wire.get("kind", ""), described.get("namespace", ""), described.get("name", "")
        behind = str(wire.get("apiVersion", "")).startswith((GATEWAY_API, ENVOY_GATEWAY))
        texts = [text for text in _texts(await cluster.rows(), own, behind=behind) if text not in told]
        if texts:
            told.update(texts)
            pulumi.log.error("\n".join(texts))
        return False

    return pulumi.ErrorHook("diagnosis", explain)


class _Cluster:
    """What it says, asked once for all that fails within seconds."""

    def __init__(self, context: str) -> None:
        self._context = context
        self._turn = asyncio.Lock()
        self._rows: list[Row] = []
        self._until = float("-inf")

    async def rows(self) -> list[Row]:
        async with self._turn:
            if time.monotonic() > self._until:
                self._rows = await asyncio.to_thread(_ask, self._context)
                self._until = time.monotonic() + _FRESH_S
            return self._rows


def _ask(context: str) -> list[Row]:
    run = kubectl(context)
    try:
        return look(run, f"kubectl --context {context}") if run else []
    except Unanswered:
        return []


def _texts(rows: Iterable[Row], named: tuple[str, str, str], *, behind: bool) -> list[str]:
    """Of the failing rows that of the object itself, and, where that can be the cause, those of what runs behind it."""
    failing = [row for row in rows if row.state != "ok"]
    own = [row for row in failing if (row.what, row.namespace, row.name) == named]
    causes = [row for row in failing if behind and row.what in _BEHIND and row.name.startswith("envoy-")]
    return [
        "\n".join([f"{row.what} {row.name} is not ready:", *(f"  {line}" for line in row.text.splitlines())])
        for row in (*own, *causes)
    ]
