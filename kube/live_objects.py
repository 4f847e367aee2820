"""Live objects: what a cluster has in the namespaces and of the kinds of given objects."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from kube.kubectl import REQUEST_TIMEOUT, Kubectl, Unanswered, ask, last_line
from kube.labels import STACK
from kube.manifest import ObjectName

_AT_ONCE = 4
_FIELDS = (".apiVersion", ".kind", ".metadata.namespace", ".metadata.name", ".metadata.uid")
# Only these fields, because an object may be a Secret.
_LINE = "".join(f'{{{field}}}{{"\\t"}}' for field in _FIELDS) + f"{{.metadata.annotations['{STACK}']}}"
_JSONPATH = f'jsonpath={{range .items[*]}}{_LINE}{{"\\n"}}{{end}}'


@dataclass(frozen=True, kw_only=True)
class LiveObject:
    name: ObjectName
    uid: str
    stack: str
    """The stack that it is marked with; empty without a mark."""


@dataclass(frozen=True, kw_only=True)
class LiveObjects:
    objects: Collection[LiveObject]
    unanswered: Collection[str]
    """Reasons why the list is not complete."""


def cluster_uid(kubectl: Kubectl) -> str:
    """The UID of the namespace kube-system, which identifies a cluster. Raises Unanswered."""
    # A list, because deployers may list namespaces but get only those of the stack.
    only = ("--field-selector", "metadata.name=kube-system")
    found = ask(kubectl, "get", "namespaces", *only, "--output", "jsonpath={.items[*].metadata.uid}").strip()
    if not found:
        raise Unanswered("the cluster has no namespace kube-system")
    return found


def list_objects(kubectl: Kubectl, names: Collection[ObjectName]) -> LiveObjects:
    """All objects of the kinds of `names` in their namespaces: one request of kubectl per namespace, in parallel.

    Raises Unanswered when the cluster does not answer at all.
    """
    served = _served(kubectl)
    wanted: dict[str, set[str]] = {}
    for name in names:
        if resource := served.get((name.group, name.kind)):
            wanted.setdefault(name.namespace, set()).add(resource)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(partial(_list, kubectl), wanted.keys(), wanted.values()))
    return LiveObjects(
        objects=[item for objects, _ in found for item in objects],
        unanswered=sorted({reason for _, reason in found if reason}),
    )


def _served(kubectl: Kubectl) -> Mapping[tuple[str, str], str]:
    """Every kind that the cluster serves, as `kubectl get` takes it. A kind that is not served has no objects."""
    done = kubectl("api-resources", "--no-headers", *REQUEST_TIMEOUT)
    # It fails when an extension API does not answer, but lists all other kinds then.
    if not done.stdout:
        raise Unanswered(last_line(done.stderr))
    served: dict[tuple[str, str], str] = {}
    for plural, *_, version, _, kind in map(str.split, done.stdout.splitlines()):
        group = version.rpartition("/")[0]
        served[group, kind] = f"{plural}.{group}".removesuffix(".")
    return served


def _list(kubectl: Kubectl, namespace: str, resources: set[str]) -> tuple[list[LiveObject], str]:
    """The objects in one namespace, or the cluster-scoped ones, and the reason why some are missing."""
    where = ("--namespace", namespace) if namespace else ()
    done = kubectl("get", ",".join(sorted(resources)), *where, "--output", _JSONPATH, *REQUEST_TIMEOUT)
    # When it may not list one kind, it lists the others.
    objects = [_object(line, namespace) for line in done.stdout.splitlines() if line.count("\t") == len(_FIELDS)]
    return objects, last_line(done.stderr) if done.returncode else ""


def _object(line: str, namespace: str) -> LiveObject:
    version, kind, _, name, uid, stack = line.split("\t")
    # A manifest without a namespace means the one of the context.
    return LiveObject(name=ObjectName(version.rpartition("/")[0], kind, namespace, name), uid=uid, stack=stack)
