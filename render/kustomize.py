"""kustomize: a kustomization.yaml in each folder, and one that joins them."""

from collections.abc import Sequence

from kube.manifest import Manifest

FILE = "kustomization.yaml"


def kustomization(resources: Sequence[str]) -> Manifest:
    """A kustomization of files or folders, in this order."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
        # The default sorts by kind, and does not know which object needs which.
        "sortOptions": {"order": "fifo"},
    }
