"""Look at the objects of a stack with kubectl."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gatewayapi.kinds import GATEWAY_API
from health import envoys, orphans
from health.crds import CRD
from health.failure import Container
from health.kinds import KINDS, Kind, Object
from health.quotas import QUOTA
from health.rows import Row, rows
from kube.kubectl import REQUEST_TIMEOUT, Kubectl, Unanswered, ask, last_line

_SELECTORS = (
    "app.kubernetes.io/part-of=synergychat",
    "app.kubernetes.io/name=gateway-helm",
    envoys.LABELS,
)
"""Labels of the stack's own objects, of the controller's, and of those of the Envoys that it runs."""
_BEHIND = (Kind("apps", "ReplicaSet"), Kind("", "Pod"))
_LINES = 5
_PATIENCE_S = 60.0
"""For explanations. A cluster that is too slow for them is explained by what is there."""


def look(kubectl: Kubectl, typed: str) -> list[Row]:
    """The health of every object of the stack. `typed` is the text to type for kubectl here.

    Raises Unanswered when the cluster does not answer.
    """
    installed = _installed(kubectl)
    # A kind that is not installed would fail the request for all others.
    kinds = ",".join(kind.resource for kind in KINDS if kind in installed)
    objects: dict[str, Object] = {}
    for selector in _SELECTORS:
        found = _get(kubectl, kinds, "--all-namespaces", "--selector", selector)
        objects |= {item["metadata"]["uid"]: item for item in found}
    known = [*objects.values(), *_crds(kubectl, installed)]
    orphaned = list(orphans.rows(_orphans(kubectl, known), typed))
    shown = rows(known, typed)
    if all(row.state == "ok" for row in shown):
        return shown + orphaned
    namespaces = sorted({item["metadata"].get("namespace", "default") for item in objects.values()})
    # Pods have the labels of their template, which may be anything; rows() goes by their owners.
    behind = ",".join(kind.resource for kind in _BEHIND)
    questions = ((behind,), ("events", "--field-selector", "type=Warning"), (QUOTA.resource,))
    deadline = time.monotonic() + _PATIENCE_S
    explaining = [
        item
        for kinds, *options in questions
        for namespace in namespaces
        if time.monotonic() < deadline
        for item in _get_if_allowed(kubectl, kinds, "--namespace", namespace, *options)
    ]

    def last_words(container: Container) -> str:
        return _last_words(kubectl, container) if time.monotonic() < deadline else ""

    return rows([*known, *explaining], typed, last_words) + orphaned


def _orphans(kubectl: Kubectl, known: Sequence[Object]) -> dict[envoys.Owner, Object]:
    """The Envoys whose Gateway is gone; none if the Gateways of the other stacks cannot be read."""
    ours = {envoys.owner(item) for item in known if Kind.of(item) == envoys.GATEWAY}
    if not (suspected := orphans.of_no_gateway(known, ours)):
        return suspected
    try:
        found = _get(kubectl, envoys.GATEWAY.resource, "--all-namespaces")
    except Unanswered:
        return {}
    return orphans.of_no_gateway(known, {envoys.owner(item) for item in found})


def _crds(kubectl: Kubectl, installed: Mapping[Kind, str]) -> list[Object]:
    """The CRDs of Gateway API."""
    names = [f"{plural}.{kind.group}" for kind, plural in installed.items() if kind.group == GATEWAY_API]
    return list(_get_if_allowed(kubectl, CRD.resource, *names)) if names else []


def _installed(kubectl: Kubectl) -> dict[Kind, str]:
    """Every served kind, with its plural name."""
    done = kubectl("api-resources", "--no-headers", *REQUEST_TIMEOUT)
    # It fails when an extension API does not answer, but lists all other kinds then.
    if not done.stdout:
        raise Unanswered(last_line(done.stderr))
    columns = [line.split() for line in done.stdout.splitlines()]
    return {Kind(version.rpartition("/")[0], kind): plural for plural, *_, version, _, kind in columns}


def _get(kubectl: Kubectl, kinds: str, *options: str) -> list[dict[str, Any]]:
    return json.loads(ask(kubectl, "get", kinds, *options, "--output", "json"))["items"]


def _get_if_allowed(kubectl: Kubectl, kinds: str, *options: str) -> list[dict[str, Any]]:
    try:
        return _get(kubectl, kinds, *options)
    except Unanswered:
        return []  # without permission to read them, the rest is shown


def _last_words(kubectl: Kubectl, container: Container) -> str:
    previous = ("--previous",) if container.previous else ()
    which = ("--namespace", container.namespace, container.pod, "--container", container.name, *previous)
    done = kubectl("logs", *which, "--tail", str(_LINES), *REQUEST_TIMEOUT)
    return done.stdout if done.returncode == 0 else ""
