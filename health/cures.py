"""What to type next, by the reason of a failure."""

from collections.abc import Mapping

from health.failure import Failure

_NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")
_CURES: Mapping[str, str] = {
    **dict.fromkeys(
        _NO_IMAGE,
        "Is the name right, and may the nodes pull it? {kubectl} describe pod -n {namespace}\n"
        "-> The cluster that `make up` starts reaches no registry: "
        ".venv/bin/python -m local.cluster load-image ARCHIVE (which `docker save` writes)",
    ),
    **dict.fromkeys(
        ("CrashLoopBackOff", "Error", "OOMKilled"), "{kubectl} logs -n {namespace} {pod} -c {container}{previous}"
    ),
    "AddressNotAssigned": "On minikube type: minikube tunnel. On the cluster that `make up` starts, stop what has its "
    "port on this machine. Without a load balancer set another gateway.exposure",
    "BackendNotFound": "Was the Service deleted by hand? pulumi up --refresh",
    "PortNotFound": "Give the backendRef a port that its Service has",
    "RefNotPermitted": "Put a ReferenceGrant for it into the other namespace",
    "CreateContainerConfigError": "Was what it names deleted by hand? pulumi up --refresh",
    "NotAllowedByListeners": "Let the listener's allowedRoutes admit the route's namespace and kind",
    "NoMatchingListenerHostname": "Give the route a host name that the listener's own covers",
    "InvalidCertificateRef": "Is the Secret there, of type kubernetes.io/tls, in the Gateway's namespace or granted?",
    "UnsupportedValue": "Mend what it names: the requests that it is about get an error, or go by another rule",
    "IncompatibleFilters": "Keep one of the two filters",
    "Conflicted": "Another policy of its kind has the same target: keep one, or merge them",
    "OlderCRD": "Something else has installed Gateway API here. To put this release's CRDs back: pulumi up --refresh\n"
    "-> After that, to let the controller see them: {kubectl} rollout restart -n {namespace} deployment/envoy-gateway",
    "Unschedulable": "{kubectl} describe nodes",
}


def cure(failure: Failure, namespace: str, kubectl: str) -> str | None:
    """The likely one, None where the reason says it all. `kubectl` is how it is typed."""
    text = _CURES.get(failure.reason)
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
