"""The pods of a workload."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from components.apps.workload.container import RESTRICTED
from config import AppConfig
from diagnostics.source import Source, SourcedDict, SourcedList, entry_sources, source_of, with_sources
from kube.manifest import Manifest
from kube.merge import merge
from kube.read import values

# The chat's images set no user; any user but root will do.
USER = 65532
# After draining: Envoy's default request timeout (15 s), then time for the process to store what is left.
_FINISH_S = 27
_CONTAINER_LISTS = ("containers", "initContainers")
_BY_NAME = {"containers": "name", "initContainers": "name", "volumes": "name", "imagePullSecrets": "name"}
"""Lists of a pod's spec that are merged by item, with the field that identifies an item."""
_IN_CONTAINER = {"env": "name", "volumeMounts": "mountPath", "ports": "containerPort"}
"""Lists of a container that are merged by item, with the field that identifies an item."""


def pod(
    settings: AppConfig,
    container: Manifest,
    *,
    service_account: str,
    volumes: Sequence[Manifest],
    extra: Mapping[str, object],
) -> Manifest:
    """A pod spec that meets the *restricted* Pod Security Standard, unless `settings.pod` loosens it.

    `settings.container` and `settings.pod` are merged over it like `kubectl patch` does: lists of named items by name,
    all other lists as a whole. Containers that they add are restricted too, unless they say otherwise.
    """
    # `container.image` is not allowed in the config, so the image must not be traced to the key `container`.
    placed = with_sources(container, image=Source(settings.at("image")))
    manifest: Manifest = {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        # The variables that Kubernetes adds per Service could hide the app's own.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": settings.drain_seconds + _FINISH_S,
        "containers": [merge(placed, settings.container, keys=_IN_CONTAINER)],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
            # Files of a volume get this group: otherwise only root could write to them.
            **({"fsGroup": USER} if settings.persistence else {}),
        },
    }
    pull_secrets: list[Manifest] = [{"name": name} for name in settings.pull_secrets]
    optional = {"imagePullSecrets": pull_secrets, "volumes": list(volumes), **extra}
    filled = manifest | {name: field for name, field in optional.items() if field}
    restricted = {key: _restricted(settings.pod, key) for key in _CONTAINER_LISTS if key in settings.pod}
    fields = SourcedDict({**settings.pod, **restricted}, source_of(settings.pod), entry_sources(settings.pod))
    return merge(filled, fields, keys=_BY_NAME)


def _restricted(pod: Manifest, key: str) -> Any:
    """The containers of a list, restricted unless they say otherwise."""
    items = [
        merge({"securityContext": RESTRICTED}, cast(Manifest, item)) if isinstance(item, dict) else item
        for item in values(pod, key)
    ]
    return SourcedList(items, source_of(pod[key]))
