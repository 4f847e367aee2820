"""RBAC objects with the least privileges for `pulumi up`, derived from the objects that a stack registers."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from components.platform.release import CONTROLLER_NAME

READ = ("get", "list", "watch")
WRITE = ("create", "patch", "delete")
HAND_ON = ("bind", "escalate")
"""Verbs to write a role with more permissions than one's own: https://kubernetes.io/docs/reference/access-authn-authz/rbac/"""
# Pulumi reads these to see the progress of a Deployment or a Job.
_OF_PODS = (("", "events"), ("", "pods"), ("", "pods/log"), ("apps", "replicasets"))
_RBAC = "rbac.authorization.k8s.io"

Wire = Mapping[str, Any]
Resource = tuple[str, str]
"""An API group, and the plural name of a kind."""


def to_deploy(group: str, objects: Iterable[Wire], namespaces: Iterable[str], crds: Iterable[Wire]) -> list[Wire]:
    """Objects that a cluster's administrator creates once, so that the group can deploy `objects`.

    Objects in other namespaces than these are left out. The namespaces come first, because a Role is in one.
    """
    made: list[Wire] = []
    names = sorted(namespaces)
    for name in names:
        made.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    homes = [
        (found, obj["metadata"].get("namespace"), obj["metadata"]["name"]) for found, obj in _resources(objects, crds)
    ]
    made += _granted(
        group, "ClusterRole", None, _by_name({(*found, name) for found, home, name in homes if home is None})
    )
    for namespace in names:
        made += _granted(group, "Role", namespace, _by_kind({found for found, home, _ in homes if home == namespace}))
    return made


def to_look_at_the_platform(group: str, namespace: str) -> list[Wire]:
    """Roles to read an external platform in this namespace, so that the program can report what it lacks."""
    name = f"{group}-platform"
    kinds = [("apiextensions.k8s.io", "customresourcedefinitions"), ("gateway.networking.k8s.io", "gatewayclasses")]
    everywhere: list[Wire] = [_rule(api_group, [plural], ("get", "list")) for api_group, plural in kinds]
    controller: list[Wire] = [_rule("apps", ["deployments"], ("get",)) | {"resourceNames": [CONTROLLER_NAME]}]
    return [
        *_granted(group, "ClusterRole", None, everywhere, name=name),
        *_granted(group, "Role", namespace, controller, name=name),
    ]


def _granted(group: str, kind: str, namespace: str | None, rules: list[Wire], *, name: str = "") -> list[Wire]:
    metadata = {"name": name or group} | ({"namespace": namespace} if namespace else {})
    role = {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, "rules": rules}
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": name or group},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group}],
    }
    return [role, binding]


def _by_name(named: Iterable[tuple[str, str, str]]) -> list[Wire]:
    """Rules for cluster-scoped objects, by name: the others belong to others. To watch one is to watch the kind."""
    rules: list[Wire] = []
    for (group, plural), of_group in groupby(sorted(named), key=lambda entry: entry[:2]):
        verbs = ("get", *WRITE, *(HAND_ON if plural == "clusterroles" else ()))
        rules.append(_rule(group, [plural], verbs) | {"resourceNames": [name for *_, name in of_group]})
        rules.append(_rule(group, [plural], ("list", "watch")))
    return rules


def _by_kind(found: Iterable[Resource]) -> list[Wire]:
    """Rules for all objects of these kinds, because the stack's config decides their names."""
    kinds = sorted(found)
    rules: list[Wire] = [
        _rule(group, [plural for _, plural in of_group], (*READ, *WRITE))
        for group, of_group in groupby(kinds, key=lambda entry: entry[0])
    ]
    rules += [_rule(_RBAC, ["roles"], HAND_ON)] if (_RBAC, "roles") in kinds else []
    return rules + [
        _rule(group, [plural for _, plural in of_group], READ)
        for group, of_group in groupby(_OF_PODS, key=lambda entry: entry[0])
    ]


def _rule(group: str, plurals: list[str], verbs: Sequence[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": plurals, "verbs": list(verbs)}


def _resources(objects: Iterable[Wire], crds: Iterable[Wire]) -> list[tuple[Resource, Wire]]:
    """Every object with its resource: from its CRD, else the plural of its kind."""
    specs = [crd["spec"] for crd in crds]
    plurals = {(spec["group"], spec["names"]["kind"]): spec["names"]["plural"] for spec in specs}
    return [
        ((group, plurals.get((group, obj["kind"])) or _plural(obj["kind"].lower())), obj)
        for obj in objects
        for group in [obj["apiVersion"].rpartition("/")[0]]
    ]


def _plural(kind: str) -> str:
    """The plural of a built-in kind. It is right for every kind that a stack can have."""
    if kind.endswith("y"):
        return f"{kind.removesuffix('y')}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def table(roles: Iterable[Wire]) -> str:
    """The rules of Roles and ClusterRoles as a table."""
    lines = ["| role | where | resources | names | verbs |", "| --- | --- | --- | --- | --- |"]
    for role in roles:
        where = role["metadata"].get("namespace", "the cluster")
        for rule in role["rules"]:
            kinds = ", ".join(
                f"{plural}.{group}".removesuffix(".") for group in rule["apiGroups"] for plural in rule["resources"]
            )
            names = ", ".join(rule.get("resourceNames", ["any"]))
            lines.append(f"| {role['metadata']['name']} | {where} | {kinds} | {names} | {', '.join(rule['verbs'])} |")
    return "\n".join(lines)
