"""The pods of a workload, in wire form."""

from collections.abc import Mapping, Sequence

from components.apps.workload.container import RESTRICTED
from components.gateway.manifests import Wire
from config import AppConfig
from config.raw import group, items
from kube.merge import overlaid

# The chat's images set no user; any will do that is not root.
USER = 65532
# After it has served on: Envoy's default limit for a request (15 s), then time to write down what is left.
_FINISH_S = 27
_CONTAINERS = {"containers", "initContainers"}
# Lists that are laid over each other item by item, and what an item is known by.
BY_NAME = {"containers": "name", "initContainers": "name", "volumes": "name", "imagePullSecrets": "name"}
IN_CONTAINER = {"env": "name", "volumeMounts": "mountPath", "ports": "containerPort"}


def pod(
    settings: AppConfig,
    container: Wire,
    *,
    service_account: str,
    volumes: Sequence[Wire],
    further: Mapping[str, object],
) -> Wire:
    """A pod's spec that meets the *restricted* Pod Security Standard, unless `settings.pod` loosens it.

    What `settings.container` and `settings.pod` say is laid over it as `kubectl patch` does: lists of named things go
    together by name, all other lists are replaced. Containers that it adds are restricted, too, unless they say more.
    """
    wire: Wire = {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        # The variables that Kubernetes adds per Service could shadow the app's own.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": settings.drain_seconds + _FINISH_S,
        "containers": [overlaid(container, settings.container, keys=IN_CONTAINER)],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
            # The group of a volume's files is made this one: else only root could write to it.
            **({"fsGroup": USER} if settings.persistence else {}),
        },
    }
    pull_secrets: list[Wire] = [{"name": name} for name in settings.pull_secrets]
    optional = {"imagePullSecrets": pull_secrets, "volumes": list(volumes), **further}
    filled = wire | {name: field for name, field in optional.items() if field}
    added = {
        key: [_restricted(each) for each in items(settings.pod.get(key))] for key in _CONTAINERS & settings.pod.keys()
    }
    return overlaid(filled, settings.pod | added, keys=BY_NAME)


def _restricted(container: object) -> object:
    fields = group(container)
    return overlaid({"securityContext": RESTRICTED}, fields) if fields else container
