"""One Kubernetes object in wire form, for the kinds that pulumi-kubernetes has no class for."""

from collections.abc import Mapping
from typing import Any

import pulumi


class KubernetesObject(pulumi.CustomResource):
    """The object as the API server takes it, camelCase and all; also in a preview without a cluster.

    Unlike `apiextensions.CustomResource` it takes any kind with any fields, and gives the object's status.
    """

    metadata: pulumi.Output[dict[str, Any]]
    status: pulumi.Output[dict[str, Any] | None]
    """As it was when the object was last created, updated or refreshed."""

    def __init__(self, name: str, wire: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        version: str = wire["apiVersion"]
        group_version = version if "/" in version else f"core/{version}"
        super().__init__(f"kubernetes:{group_version}:{wire['kind']}", name, {**wire, "status": None}, opts)
