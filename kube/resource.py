"""One Kubernetes object in wire form, for the kinds that pulumi-kubernetes has no class for."""

from collections.abc import Mapping
from typing import Any

import pulumi

from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API

# The groups whose kinds a release may serve in several versions.
_SEVERAL = (GATEWAY_API, ENVOY_GATEWAY)
_VERSIONS = ("v1", "v1beta1", "v1alpha3", "v1alpha2", "v1alpha1")


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
        # With another version, of the release or in config, it is the same object: else a new one would adopt it, and
        # the old one's removal would take it away.
        group = group_version.rpartition("/")[0]
        others = [
            pulumi.Alias(type_=f"kubernetes:{group}/{other}:{wire['kind']}")
            for other in _VERSIONS
            if group in _SEVERAL and f"{group}/{other}" != group_version
        ]
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=others))
        super().__init__(f"kubernetes:{group_version}:{wire['kind']}", name, {**wire, "status": None}, opts)
