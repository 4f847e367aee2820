"""Looks at the objects of a stack with kubectl."""

import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from gatewayapi.kinds import GATEWAY_API
from health.crds import CRD
from health.failure import Container
from health.kinds import KINDS, Kind, Object
from health.rows import Row, rows

# The stack's own, the controller's, and those of the Envoys that it runs.
_SELECTORS = (
    "app.kubernetes.io/part-of=synergychat",
    "app.kubernetes.io/name=gateway-helm",
    "gateway.envoyproxy.io/owning-gateway-name",
)
_BEHIND = (Kind("apps", "ReplicaSet"), Kind("", "Pod"))
_LINES = 5
_TIMEOUT = ("--request-timeout", "5s")


Kubectl = Callable[..., subprocess.CompletedProcess[str]]
"""Runs kubectl with these arguments, for the cluster that is looked at, and gives its output as text."""


class Unanswered(Exception):
    """kubectl did not get an answer; the message has its reason."""


def look(kubectl: Kubectl, typed: str) -> list[Row]:
    """How every object of the stack fares; `typed` is what a person types for kubectl here.

    Raises Unanswered where the cluster does not say.
    """
    installed = _installed(kubectl)
    # A kind that is not there would fail the question for all others.
    kinds = ",".join(kind.resource for kind in KINDS if kind in installed)
    objects: dict[str, Object] = {}
    for selector in _SELECTORS:
        found = _get(kubectl, kinds, "--all-namespaces", "--selector", selector)
        objects |= {item["metadata"]["uid"]: item for item in found}
    known = [*objects.values(), *_crds(kubectl, installed)]
    shown = rows(known, typed)
    if all(row.state == "ok" for row in shown):
        return shown
    namespaces = sorted({item["metadata"].get("namespace", "default") for item in objects.values()})
    # Pods have the labels of their template, which may be anybody's; rows() goes by who has made them.
    behind = ",".join(kind.resource for kind in _BEHIND)
    made = [item for namespace in namespaces for item in _get_if_allowed(kubectl, behind, "--namespace", namespace)]
    only = ("--field-selector", "type=Warning")
    warnings = [
        event
        for namespace in namespaces
        for event in _get_if_allowed(kubectl, "events", "--namespace", namespace, *only)
    ]
    return rows([*known, *made, *warnings], typed, lambda container: _last_words(kubectl, container))


def _crds(kubectl: Kubectl, installed: Mapping[Kind, str]) -> list[Object]:
    """Those of Gateway API."""
    names = [f"{plural}.{kind.group}" for kind, plural in installed.items() if kind.group == GATEWAY_API]
    return list(_get_if_allowed(kubectl, CRD.resource, *names)) if names else []


def _installed(kubectl: Kubectl) -> dict[Kind, str]:
    """Every kind that is served, with its name in the plural."""
    done = kubectl("api-resources", "--no-headers", *_TIMEOUT)
    # It fails where one of the cluster's extensions does not answer, and has listed all others then.
    if not done.stdout:
        raise Unanswered(_reason(done.stderr))
    columns = [line.split() for line in done.stdout.splitlines()]
    return {Kind(version.rpartition("/")[0], kind): plural for plural, *_, version, _, kind in columns}


def _get(kubectl: Kubectl, kinds: str, *options: str) -> list[dict[str, Any]]:
    return json.loads(ask(kubectl, "get", kinds, *options, "--output", "json"))["items"]


def _get_if_allowed(kubectl: Kubectl, kinds: str, *options: str) -> list[dict[str, Any]]:
    try:
        return _get(kubectl, kinds, *options)
    except Unanswered:
        return []  # who may not read them is shown the rest


def _last_words(kubectl: Kubectl, container: Container) -> str:
    previous = ("--previous",) if container.previous else ()
    which = ("--namespace", container.namespace, container.pod, "--container", container.name, *previous)
    done = kubectl("logs", *which, "--tail", str(_LINES), *_TIMEOUT)
    return done.stdout if done.returncode == 0 else ""


def ask(kubectl: Kubectl, *arguments: str) -> str:
    """What it prints. Raises Unanswered where it fails."""
    done = kubectl(*arguments, *_TIMEOUT)
    if done.returncode != 0:
        raise Unanswered(_reason(done.stderr))
    return done.stdout


def _reason(stderr: str) -> str:
    """The last line: those before it are its tries."""
    return stderr.strip().rpartition("\n")[2]
