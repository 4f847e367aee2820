"""KubernetesObject: one Kubernetes object of any kind as a Pulumi resource."""

from typing import Any

import pulumi

from diagnostics.source import SourcedDict, entry_sources, source_of
from kube.manifest import Manifest

_VERSIONS = ("v1", "v1beta1", "v1alpha3", "v1alpha2", "v1alpha1")
_MULTI_VERSION_GROUPS = ("gateway.networking.k8s.io", "gateway.envoyproxy.io")
"""Groups whose kinds a release may serve in several versions."""


class KubernetesObject(pulumi.CustomResource):
    """One object, with the fields of the API as they are, also in a preview without a cluster.

    Unlike the typed classes of pulumi-kubernetes it takes any kind with any fields, and gives the object's status.
    """

    metadata: pulumi.Output[dict[str, Any]]
    status: pulumi.Output[dict[str, Any] | None]
    """The status when the object was last created, updated or refreshed."""

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions | None = None) -> None:
        version: str = manifest["apiVersion"]
        group_version = version if "/" in version else f"core/{version}"
        # In another version it is the same object. Without the alias a new resource would adopt it, and the removal of
        # the old one would delete it.
        group = group_version.rpartition("/")[0]
        others = [
            pulumi.Alias(type_=f"kubernetes:{group}/{other}:{manifest['kind']}")
            for other in _VERSIONS
            if group in _MULTI_VERSION_GROUPS and f"{group}/{other}" != group_version
        ]
        secret = ["data", "stringData"] if manifest["kind"] == "Secret" else None
        own = pulumi.ResourceOptions(aliases=others, additional_secret_outputs=secret)
        opts = pulumi.ResourceOptions.merge(opts, own)
        props = SourcedDict({**manifest, "status": None}, source_of(manifest), entry_sources(manifest))
        super().__init__(f"kubernetes:{group_version}:{manifest['kind']}", name, props, opts)
