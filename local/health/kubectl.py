"""Looks at a stack's objects with kubectl."""

import json
from typing import Any

from local.health.failure import Container
from local.health.kinds import KINDS, Kind, Object
from local.health.rows import Row, rows
from local.stack import Stack

# The stack's own, the controller's, and those of the Envoys that it runs.
_SELECTORS = (
    "app.kubernetes.io/part-of=synergychat",
    "control-plane=envoy-gateway",
    "gateway.envoyproxy.io/owning-gateway-name",
)
_BEHIND = (Kind("apps", "ReplicaSet"), Kind("", "Pod"))
_LINES = 5
_TIMEOUT = ("--request-timeout", "5s")


class Unanswered(Exception):
    """kubectl did not get an answer; the message has its reason."""


def look(stack: Stack) -> list[Row]:
    """How every object of the stack fares. Unanswered where the cluster does not say."""
    installed = _installed(stack)
    # A kind that is not there would fail the question for all others.
    kinds = ",".join(kind.resource for kind in (*KINDS, *_BEHIND) if kind in installed)
    objects: dict[str, Object] = {}
    for selector in _SELECTORS:
        found = _get(stack, kinds, "--all-namespaces", "--selector", selector)
        objects |= {item["metadata"]["uid"]: item for item in found}
    shown = rows(objects.values(), stack.context)
    if all(row.state == "ok" for row in shown):
        return shown
    namespaces = {item["metadata"].get("namespace", "default") for item in objects.values()}
    warnings = [event for namespace in sorted(namespaces) for event in _warnings(stack, namespace)]
    return rows([*objects.values(), *warnings], stack.context, lambda container: _last_words(stack, container))


def _installed(stack: Stack) -> set[Kind]:
    done = stack.kubectl("api-resources", "--no-headers", *_TIMEOUT)
    # It fails where one of the cluster's extensions does not answer, and has listed all others then.
    if not done.stdout:
        raise Unanswered(_reason(done.stderr))
    columns = [line.split() for line in done.stdout.splitlines()]
    return {Kind(version.rpartition("/")[0], kind) for *_, version, _, kind in columns}


def _get(stack: Stack, kinds: str, *options: str) -> list[dict[str, Any]]:
    return json.loads(_ask(stack, "get", kinds, *options, "--output", "json"))["items"]


def _warnings(stack: Stack, namespace: str) -> list[dict[str, Any]]:
    try:
        return _get(stack, "events", "--namespace", namespace, "--field-selector", "type=Warning")
    except Unanswered:
        return []  # who may not read them is shown the rest


def _last_words(stack: Stack, container: Container) -> str:
    previous = ("--previous",) if container.previous else ()
    which = ("--namespace", container.namespace, container.pod, "--container", container.name, *previous)
    done = stack.kubectl("logs", *which, "--tail", str(_LINES), *_TIMEOUT)
    return done.stdout if done.returncode == 0 else ""


def _ask(stack: Stack, *arguments: str) -> str:
    done = stack.kubectl(*arguments, *_TIMEOUT)
    if done.returncode != 0:
        raise Unanswered(_reason(done.stderr))
    return done.stdout


def _reason(stderr: str) -> str:
    """The last line: those before it are its tries."""
    return stderr.strip().rpartition("\n")[2]
