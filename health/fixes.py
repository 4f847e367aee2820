"""Fixes: the next command to type, by the reason of a failure."""

import re
from collections.abc import Mapping

from health.failure import Failure

_NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")
_RESTART = "-> Then restart the controller: {kubectl} rollout restart -n {namespace} deployment/envoy-gateway"
_FIXES: Mapping[str, str] = {
    **dict.fromkeys(
        _NO_IMAGE,
        "Check the name, and that the nodes may pull it: {kubectl} describe pod -n {namespace}\n"
        "-> The cluster that `make up` starts reaches no registry: "
        ".venv/bin/python -m local.cluster load-image ARCHIVE (which `docker save` writes)",
    ),
    **dict.fromkeys(
        ("CrashLoopBackOff", "Error", "OOMKilled"), "{kubectl} logs -n {namespace} {pod} -c {container}{previous}"
    ),
    "AddressNotAssigned": "On minikube type: minikube tunnel. On the cluster of `make up`, stop the program that uses "
    "the port on this machine. Without a load balancer set another gateway.exposure",
    "BackendNotFound": "Was the Service deleted by hand? pulumi up --refresh",
    "PortNotFound": "Give the backendRef a port that its Service has",
    "RefNotPermitted": "Create a ReferenceGrant for it in the other namespace",
    "CreateContainerConfigError": "Was the ConfigMap or Secret deleted by hand? pulumi up --refresh",
    "NotAllowedByListeners": "Allow the route's namespace and kind in the listener's allowedRoutes",
    "NoMatchingListenerHostname": "Give the route a host name that the listener serves, or attach it to another "
    "listener",
    "InvalidCertificateRef": "Check that the Secret exists, has type kubernetes.io/tls, and is in the Gateway's "
    "namespace or permitted by a ReferenceGrant",
    "UnsupportedValue": "Fix the field it names; matching requests fail or fall through to another rule",
    "IncompatibleFilters": "Remove one of the two filters",
    "Conflicted": "Another policy of this kind has the same target: remove one, or merge them",
    "OlderCRD": "Another installation replaced the Gateway API CRDs. To restore this release's: pulumi up --refresh\n"
    + _RESTART,
    "Unschedulable": "{kubectl} describe nodes",
}
# The reason is that of the controller, such as FailedCreate, which has many causes.
_QUOTA = re.compile(r"(?:exceeded quota|failed quota|(?P<of_gateway>a quota is used up)): (?P<name>[a-z0-9.-]+)")
_OF_QUOTA = "Raise the quota, or delete what it counts: {kubectl} describe resourcequota {name} -n {namespace}"


def fix(failure: Failure, namespace: str, kubectl: str) -> str | None:
    """The likely fix; None when the reason says enough. `kubectl` is the text to type for that command."""
    if quota := _QUOTA.search(failure.message):
        text = f"{_OF_QUOTA}\n{_RESTART}" if quota["of_gateway"] else _OF_QUOTA
        return text.format(kubectl=kubectl, name=quota["name"], namespace=namespace)
    text = _FIXES.get(failure.reason)
    if text is None:
        return None
    _, pod, container, previous = failure.ended or ("", "", "", False)
    return text.format(
        kubectl=kubectl,
        namespace=namespace,
        pod=pod,
        container=container,
        previous=" --previous" if previous else "",
    )
