"""What all objects of one workload have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.gateway.manifests import Wire
from kube import readiness
from kube.labels import metadata
from kube.namespace import Namespace
from kube.resource import KubernetesObject


@dataclass(frozen=True, kw_only=True)
class Owner:
    name: str
    namespace: Namespace
    component: pulumi.Resource
    timeout_s: int

    def object(
        self,
        api_version: str,
        kind: str,
        role: str,
        content: Wire,
        *,
        name: str = "",
        notes: Mapping[str, str] | None = None,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> KubernetesObject:
        """Named after the workload unless a `name` is given. `notes` are further annotations."""
        described = metadata(self.name, name or self.name, namespace=self.namespace.name, annotations=notes)
        here = pulumi.ResourceOptions(
            parent=self.component,
            depends_on=[self.namespace.resource, *after],
            custom_timeouts=readiness.limit(self.timeout_s),
        )
        wire = {"apiVersion": api_version, "kind": kind, "metadata": described, **content}
        return KubernetesObject(f"{self.name}-{role}", wire, pulumi.ResourceOptions.merge(here, opts))
