"""Pods: why a pod is not ready. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/"""

from collections.abc import Iterator

from health.failure import Container, Failure
from health.kinds import Object

_ON_THE_WAY = ("ContainerCreating", "PodInitializing")


def failures(pod: Object) -> Iterator[Failure]:
    """Failures of a pod; none while it serves, starts or terminates."""
    if "deletionTimestamp" in pod["metadata"]:
        return
    status = pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield Failure(condition.get("reason", ""), condition.get("message", ""), "pod")
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        yield from _of_container(pod, container)


def _of_container(pod: Object, container: Object) -> Iterator[Failure]:
    subject = f"container {container['name']} ({_image(pod, container)})"
    state = container["state"]
    waiting = state.get("waiting", {})
    # After a restart that is not ready yet, the last termination has the reason.
    ended = state.get("terminated") or (not container["ready"] and container.get("lastState", {}).get("terminated"))
    if ended and ended["exitCode"] != 0:
        message = f"exit code {ended['exitCode']}, restarts: {container['restartCount']}"
        metadata = pod["metadata"]
        which = Container(metadata["namespace"], metadata["name"], container["name"], "terminated" not in state)
        yield Failure(waiting.get("reason") or ended.get("reason", ""), message, subject, which)
    elif waiting and waiting.get("reason") not in _ON_THE_WAY:
        yield Failure(waiting.get("reason", ""), waiting.get("message", ""), subject)


def _image(pod: Object, container: Object) -> str:
    """The image as the spec names it: the status has another name once it is pulled."""
    asked = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    return next((spec["image"] for spec in asked if spec["name"] == container["name"]), container["image"])
