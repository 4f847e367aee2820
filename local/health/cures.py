"""What to type next, by the reason of a failure."""

from collections.abc import Mapping

from local.environment import LOCAL_CONTEXT
from local.health.failure import Failure

_NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")
_LOCAL: Mapping[str, str] = {
    **dict.fromkeys(
        _NO_IMAGE,
        "Is the name right? The local cluster reaches no registry: "
        ".venv/bin/python -m local.cluster load-image ARCHIVE (which `docker save` writes)",
    ),
    "AddressNotAssigned": "Stop what has its port on this machine, or set another gateway.port",
}
_ANYWHERE: Mapping[str, str] = {
    **dict.fromkeys(_NO_IMAGE, "Is the name right, and may the nodes pull it? {kubectl} describe pod -n {namespace}"),
    **dict.fromkeys(
        ("CrashLoopBackOff", "Error", "OOMKilled"), "{kubectl} logs -n {namespace} {pod} -c {container}{previous}"
    ),
    "AddressNotAssigned": "On minikube type: minikube tunnel. Without a load balancer set another gateway.exposure",
    "BackendNotFound": "Was the Service deleted by hand? pulumi up --refresh",
    "CreateContainerConfigError": "Was what it names deleted by hand? pulumi up --refresh",
    "Unschedulable": "{kubectl} describe nodes",
}


def cure(failure: Failure, namespace: str, context: str) -> str | None:
    """The likely one, None where the reason says it all."""
    on_local = context == LOCAL_CONTEXT
    text = (on_local and _LOCAL.get(failure.reason)) or _ANYWHERE.get(failure.reason)
    if text is None:
        return None
    _, pod, container, previous = failure.ended or ("", "", "", False)
    return text.format(
        kubectl=".venv/bin/kubectl" if on_local else f"kubectl --context {context}",
        namespace=namespace,
        pod=pod,
        container=container,
        previous=" --previous" if previous else "",
    )
