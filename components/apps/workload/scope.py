"""WorkloadScope: names and labels that all objects of one workload share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from kube.labels import metadata
from kube.manifest import Manifest
from kube.namespace import Namespace
from kube.readiness import timeouts
from kube.resource import KubernetesObject


@dataclass(frozen=True, kw_only=True)
class WorkloadScope:
    name: str
    namespace: Namespace
    component: pulumi.Resource
    timeout_s: int

    def create(
        self,
        api_version: str,
        kind: str,
        role: str,
        content: Manifest,
        *,
        name: str = "",
        annotations: Mapping[str, str] | None = None,
        after: Sequence[pulumi.Resource] = (),
        retain: bool = False,
    ) -> KubernetesObject:
        """Create one object. It has the workload's name unless `name` is given.

        With `retain` it stays in the cluster when it is taken out of the program.
        """
        described = metadata(self.name, name or self.name, namespace=self.namespace.name, annotations=annotations)
        opts = pulumi.ResourceOptions(
            parent=self.component,
            depends_on=[self.namespace.resource, *after],
            custom_timeouts=timeouts(self.timeout_s),
            retain_on_delete=retain,
        )
        manifest = {"apiVersion": api_version, "kind": kind, "metadata": described, **content}
        return KubernetesObject(f"{self.name}-{role}", manifest, opts)
