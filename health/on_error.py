"""On error: explain why an object did not become ready, next to Pulumi's own error."""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence

import pulumi

from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API
from health import refusals
from health.look import look
from health.rows import Row
from kube.kubectl import Unanswered, kubectl
from kube.own_thread import in_own_thread

_FRESH_S = 10
"""Objects that are waited for together fail together: one look at the cluster serves them all."""
_BEHIND = ("Deployment", "Service")
"""Kinds that Envoy Gateway runs: while one of these is not ready, no Gateway, route or policy can be."""
_REASON = re.compile(r"Error from server \((?P<reason>\w+)\)")
_SERVER_ERRORS = ("InternalError", "ServerTimeout", "ServiceUnavailable", "Timeout")
"""Reasons with which kubectl shows a status code from 500 on.
https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go"""
_SILENCE = re.compile(r"timeout|timed out|deadline exceeded|refused|connection reset|(?:server|attempt): EOF", re.I)


def explain_failures(context: str) -> pulumi.ErrorHook:
    """A hook that asks the cluster, with kubectl, about an object whose creation or update failed, and logs the answer.

    Without kubectl, only the provider's own message is shown. Nothing is retried or logged twice.
    https://www.pulumi.com/docs/iac/concepts/options/hooks/
    """
    cluster = _Cluster(context)
    logged: set[str] = set()

    async def explain(args: pulumi.ErrorHookArgs) -> bool:
        manifest = args.new_inputs or args.old_inputs or {}
        metadata = manifest.get("metadata", {})
        own = manifest.get("kind", ""), metadata.get("namespace", ""), metadata.get("name", "")
        is_gateway_api = str(manifest.get("apiVersion", "")).startswith((GATEWAY_API, ENVOY_GATEWAY))
        found = [
            *await cluster.refusal(own, args.errors),
            *_texts(await cluster.rows(), own, behind=is_gateway_api),
            *cluster.unread,
        ]
        texts = [text for text in found if text not in logged]
        if texts:
            logged.update(texts)
            pulumi.log.error("\n".join(texts))
        return False

    return pulumi.ErrorHook("diagnosis", explain)


class _Cluster:
    """The health of a cluster, asked once for everything that fails within seconds."""

    def __init__(self, context: str) -> None:
        self._context = context
        self.unread: list[str] = []
        """Why the objects could not be read, if they could not."""
        self._webhooks: dict[refusals.Service, asyncio.Future[list[str]]] = {}
        self._turn = asyncio.Lock()
        self._rows: list[Row] = []
        self._until = float("-inf")

    async def rows(self) -> list[Row]:
        async with self._turn:
            if time.monotonic() > self._until:
                try:
                    self._rows, self.unread = await in_own_thread(_ask, self._context), []
                except Unanswered as error:
                    self._rows, self.unread = [], [_unread(self._context, str(error))]
                self._until = time.monotonic() + _FRESH_S
            return self._rows

    async def refusal(self, named: tuple[str, str, str], errors: Sequence[str]) -> list[str]:
        """Texts of why the API server refused an object, and of its webhook. `errors` are those of the provider."""
        run = kubectl(self._context)
        kind, namespace, name = named
        lines, service = refusals.explain("\n".join(errors), namespace, _typed(self._context))
        if not run or not lines:
            return []
        texts = [_block(f"{kind} {name} is refused:", lines)]
        if service is not None:
            if service not in self._webhooks:
                self._webhooks[service] = in_own_thread(refusals.behind, service, run, _typed(self._context))
            texts += ["\n".join(f"  {line}" for line in await self._webhooks[service])]
        return texts


def _unread(context: str, error: str) -> str:
    """The text about an error of kubectl. Missing permission, for example, is an answer of the API server."""
    reason = _REASON.match(error)
    if reason["reason"] in _SERVER_ERRORS if reason else _SILENCE.search(error):
        return f"The API server of {context} does not answer: {error}\n  -> {_typed(context)} get --raw /readyz"
    return f"The objects of the stack could not be read: {error}"


def _ask(context: str) -> list[Row]:
    run = kubectl(context)
    return look(run, _typed(context)) if run else []


def _typed(context: str) -> str:
    return f"kubectl --context {context}"


def _texts(rows: Iterable[Row], named: tuple[str, str, str], *, behind: bool) -> list[str]:
    """Texts of the failing object itself and, for Gateway API objects, of the Envoys that serve it."""
    failing = [row for row in rows if row.state == "failing"]
    own = [row for row in failing if (row.what, row.namespace, row.name) == named]
    causes = [row for row in failing if behind and row.what in _BEHIND and row.name.startswith("envoy-")]
    return [_block(f"{row.what} {row.name} is not ready:", row.text.splitlines()) for row in (*own, *causes)]


def _block(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])
