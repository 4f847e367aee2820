"""Every exemption from a scanner's rule, with its reason. One that exempts nothing any more fails the tests."""

from tests.hardening.findings import Exemption

_CONTROLLER = "Deployment/envoy-gateway-system/envoy-gateway"
_CERTGEN = "Job/envoy-gateway-system/eg-gateway-helm-certgen"
_RELEASE = "*/envoy-gateway-system/*"
_APP = "Deployment/synergychat-prod/*"


def _kube_score(check: str, targets: str, reason: str) -> Exemption:
    return Exemption(scanner="kube-score", check=check, targets=targets, reason=reason)


def _checkov(check: str, targets: str, reason: str) -> Exemption:
    return Exemption(scanner="checkov", check=check, targets=targets, reason=reason)


_BY_DIGEST = "an image that its digest names is the same whenever it is pulled"
_READ_ONLY = "the root file system is read-only: all that grows on the node is the log, which the kubelet rotates"
_THROTTLED = "upstream sets none: a controller that is throttled programs its routes late"
_OPEN = "upstream ships no NetworkPolicy: what may reach the controller of a cluster is for the cluster's owner to say"
_SPREAD = "topologySpreadConstraints spread the pods over nodes and zones, where the rule knows anti-affinity only"
_SHORT = "runs once, for a second, at install and upgrade"

_OURS = (
    _kube_score("container-image-pull-policy", _APP, _BY_DIGEST),
    _kube_score("container-ephemeral-storage-request-and-limit", _APP, _READ_ONLY),
    _kube_score(
        "pod-probes-identical",
        _APP,
        "the chat has one path that tells its health; liveness waits longer, so that a pod first gets no more requests",
    ),
    _kube_score("deployment-has-host-podantiaffinity", _APP, _SPREAD),
    _kube_score(
        "networkpolicy-targets-pod",
        "NetworkPolicy/synergychat-prod/gateway-to-others",
        "for pods of `objects`, and those by which cert-manager answers challenges: the stack makes none of them",
    ),
    *(
        Exemption(
            scanner="kubernetes-validate",
            check="no-schema",
            targets=f"{kind}/synergychat-prod/*",
            reason="a kind of cert-manager's, whose CRDs are the cluster's",
        )
        for kind in ("Issuer", "Certificate")
    ),
)

_UPSTREAM = (
    _kube_score("container-image-pull-policy", _RELEASE, _BY_DIGEST),
    _kube_score("container-ephemeral-storage-request-and-limit", _RELEASE, _READ_ONLY),
    _kube_score("container-resources", _CONTROLLER, _THROTTLED),
    _checkov("CKV_K8S_11", _CONTROLLER, _THROTTLED),
    *(_checkov(check, _CERTGEN, _SHORT) for check in ("CKV_K8S_10", "CKV_K8S_11", "CKV_K8S_12", "CKV_K8S_13")),
    _kube_score("container-resources", _CERTGEN, _SHORT),
    _checkov("CKV_K8S_38", _CONTROLLER, "a controller talks to the API server"),
    _checkov("CKV_K8S_38", _CERTGEN, "writes the certificates that it makes into Secrets"),
    _checkov(
        "CKV2_K8S_5",
        "RoleBinding/envoy-gateway-system/eg-gateway-helm-certgen",
        "the Secrets of the controller's own namespace, where it keeps the certificates",
    ),
    _checkov(
        "CKV_K8S_155",
        "ClusterRole/eg-gateway-helm-certgen:envoy-gateway-system",
        "writes the CA of the release's own webhook, by its name, and may only read others",
    ),
    _kube_score("deployment-has-host-podantiaffinity", _CONTROLLER, _SPREAD),
    _kube_score("pod-networkpolicy", _RELEASE, _OPEN),
)

EXEMPTIONS = (*_OURS, *_UPSTREAM)
