"""Namespace: where a stack's own objects live."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from kube.labels import metadata

_POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """A namespace by name, and the resource that what lives in it depends on.

    Names stay plain text all through the program, so that a preview can check what refers to what; order is said
    with `depends_on`.
    """

    name: str
    resource: pulumi.Resource
    default_deny: bool = False
    """Whether connections are refused in it that no NetworkPolicy allows."""

    @classmethod
    def restricted(
        cls, app: str, name: str, opts: pulumi.ResourceOptions, *, default_deny: bool = False
    ) -> "Namespace":
        """A new namespace, in which only pods may run that meet the *restricted* Pod Security Standard.

        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        """
        described = metadata(app, name, extra_labels=_POD_SECURITY)
        resource = k8s.core.v1.Namespace(f"{app}-namespace", metadata=described, opts=opts)
        return cls(name=name, resource=resource, default_deny=default_deny)
