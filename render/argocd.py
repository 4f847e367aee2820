"""Argo CD: sync waves, options and an Application.

https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gatewayapi.kinds import CERT_MANAGER
from kube.manifest import Manifest, group_of, kind_of
from render.phases import Placed

FILE = "application.yaml"
_ARGO = "argocd.argoproj.io/"
_CA_BUNDLE = ".webhooks[]?.clientConfig.caBundle"
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_RETRIES = 10


def waves(placed: Sequence[Placed]) -> Mapping[str, int]:
    """The sync wave of each object by URN. Argo CD waits until the objects of a wave are healthy.

    A Certificate is in the wave of its Gateway: to Argo CD, a Gateway without the certificate is not healthy.
    """
    result = {each.planned.urn: int(each.phase[:2]) * 10 + each.rank for each in placed}
    gateways = {each.planned.urn for each in placed if kind_of(each.planned.manifest) == "Gateway"}
    for each in placed:
        kind, group = kind_of(each.planned.manifest), group_of(each.planned.manifest)
        if (kind, group) == ("Certificate", CERT_MANAGER) and (own := each.after & gateways):
            result[each.planned.urn] = min(result[urn] for urn in own)
    return result


def annotated(manifest: Manifest, placed: Placed, wave: int) -> Manifest:
    """The object with the annotations that Argo CD needs, and without those of Helm, which it reads as its own."""
    kind = kind_of(manifest)
    annotations = {f"{_ARGO}sync-wave": str(wave)}
    options: list[str] = []
    if kind == "CustomResourceDefinition":
        # Some are larger than the annotation that client-side apply keeps its copy in.
        options.append("ServerSideApply=true")
    if placed.is_never_pruned:
        options += ["Prune=false", "Delete=false"]
    if kind == "Job":
        # A Job cannot be changed: as a hook it is deleted and created again, and a finished one hangs no sync.
        annotations |= {f"{_ARGO}hook": "Sync", f"{_ARGO}hook-delete-policy": "BeforeHookCreation"}
    if options:
        annotations[f"{_ARGO}sync-options"] = ",".join(options)
    own: Mapping[str, Any] = manifest["metadata"].get("annotations") or {}
    # Argo CD would take RBAC and webhooks with Helm's hooks for hooks too, and create them before their namespace.
    kept = {name: value for name, value in own.items() if not name.startswith("helm.sh/hook")}
    return manifest | {"metadata": manifest["metadata"] | {"annotations": {**kept, **annotations}}}


def application(manifests: Sequence[Manifest], *, name: str, repo: str, path: str) -> Manifest:
    """An Application that syncs the whole render."""
    webhooks = sorted({kind_of(each) for each in manifests} & {*_WEBHOOKS})
    ignored = [
        {"group": "admissionregistration.k8s.io", "kind": kind, "jqPathExpressions": [_CA_BUNDLE]} for kind in webhooks
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": repo,
                "targetRevision": "main",
                "path": path,
                "directory": {"recurse": True, "exclude": FILE},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            # Certgen and cert-manager write the CA into the webhooks after they are created.
            **({"ignoreDifferences": ignored} if ignored else {}),
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
                "retry": {"limit": _RETRIES, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}},
            },
        },
    }
