"""Namespace: where a stack's own objects live."""

from dataclasses import dataclass

import pulumi

from kube.labels import metadata
from kube.resource import KubernetesObject

_POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """A namespace by name, and the resource that objects in it depend on.

    Names are plain strings everywhere in the program, so that a preview can check references; `depends_on` gives the
    order.
    """

    name: str
    resource: pulumi.Resource
    default_deny: bool = False
    """Whether NetworkPolicies deny all traffic in it that no other policy allows."""


def create_restricted_namespace(
    app: str, name: str, opts: pulumi.ResourceOptions, *, default_deny: bool = False
) -> Namespace:
    """Create a namespace that enforces the *restricted* Pod Security Standard.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(app, name, extra_labels=_POD_SECURITY)}
    resource = KubernetesObject(f"{app}-namespace", manifest, opts)
    return Namespace(name=name, resource=resource, default_deny=default_deny)
