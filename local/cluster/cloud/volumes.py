"""Volumes that outlive their pods: a directory of the host for each claim on the provisioner's storage classes."""

import asyncio
import errno
import logging
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path

from local.cluster.cloud.api import Api, ApiError, Object
from local.cluster.cloud.events import Events
from local.cluster.cloud.status_file import StatusFile
from local.errors import UserError

PROVISIONER = "synergychat.local/directory"
CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_NODES = "/api/v1/nodes"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_WANTS_PROVISIONER = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_IN_USE = "kubernetes.io/pv-protection"
_LONGEST_CLAIM = 150
_DIRECTORY_NAME = re.compile(r"[a-z0-9-]+_[a-z0-9.-]+_[0-9a-f-]{36}")
log = logging.getLogger(__name__)


class Volumes:
    """Gives `claims` their volumes under the folder `root` and removes those given back (both by uid, from a watch).

    Every step may be cut off and is done again from what the API server says: the directory, then the object that
    names it; on the way back the directory, then the finalizer that kept the object until then.
    """

    def __init__(
        self,
        api: Api,
        claims: Mapping[str, Object],
        volumes: Mapping[str, Object],
        events: Events,
        status: StatusFile,
        root: Path,
    ) -> None:
        self._api = api
        self._claims = claims
        self._volumes = volumes
        self._events = events
        self._status = status
        self._root = root.resolve()

    async def reconcile(self) -> bool:
        """False when something failed and is worth another try."""
        errors: list[str] = []
        self._events.forget_all_but(self._claims.keys() | self._volumes.keys())
        for claim in list(self._claims.values()):
            if wants_volume(claim):
                errors += await self._attempt(self._provision, claim, "ProvisioningFailed")
        for volume in list(self._volumes.values()):
            if is_ours(volume):
                errors += await self._attempt(self._release, volume, "VolumeFailedDelete")
        self._status.set("volumes", [{"error": error} for error in errors])
        return not errors

    async def _attempt(self, step: Callable[[Object], Awaitable[None]], about: Object, reason: str) -> list[str]:
        """Takes one step for one object; what keeps it from succeeding is told on that object and returned."""
        try:
            await step(about)
        except (ApiError, OSError, UserError) as error:
            if isinstance(error, ApiError) and error.status in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                return []  # it has changed meanwhile: the watch brings what it has become
            await self._events.warning(about, reason, str(error))
            return [f"{about['kind']} {about['metadata']['name']}: {error}"]
        self._events.settle(about, reason)
        return []

    async def _provision(self, claim: Object) -> None:
        name = volume_name(claim)
        if any(volume["metadata"]["name"] == name for volume in self._volumes.values()):
            return  # made already, about to be bound
        if claim["spec"].get("volumeMode") == "Block":
            raise UserError(f"{PROVISIONER} makes directories, not block devices.", "Use volumeMode: Filesystem.")
        storage_class = await self._class_of(claim)
        node = claim["metadata"]["annotations"].get(_SELECTED_NODE) or await self._first_node()
        directory = self._root / directory_name(claim)
        self._make(directory)
        await self._api.create(VOLUMES, volume_for(claim, storage_class, node, directory))
        log.info("volume %s is %s", name, directory)

    async def _class_of(self, claim: Object) -> Object:
        name = claim["spec"]["storageClassName"]
        try:
            return await self._api.get(f"{_CLASSES}/{name}")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise UserError(
                f"StorageClass {name} does not exist.", "kubectl get storageclass lists those that do."
            ) from error

    async def _first_node(self) -> str:
        """For classes that bind at once, before a pod has chosen a node."""
        nodes = (await self._api.get(_NODES))["items"]
        if not nodes:
            raise UserError("The cluster has no node yet.")
        return nodes[0]["metadata"]["name"]

    def _make(self, directory: Path) -> None:
        # Closed to the machine's other users, since what is in it is open to all: pods come in by their mount.
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            directory.mkdir()
        except FileExistsError:
            if directory.is_symlink():
                raise UserError(f"{directory} is a link.", "Remove it: a volume is a directory of its own.") from None
        directory.chmod(0o777)  # whatever user the pod runs as

    async def _release(self, volume: Object) -> None:
        metadata, spec = volume["metadata"], volume["spec"]
        deletes = spec.get("persistentVolumeReclaimPolicy") == "Delete"
        finalizers = metadata.get("finalizers", [])
        if "deletionTimestamp" not in metadata:
            if deletes and volume.get("status", {}).get("phase") == "Released":
                await self._api.delete(f"{VOLUMES}/{metadata['name']}", metadata["resourceVersion"])
            return
        if _IN_USE in finalizers or PROVISIONER not in finalizers:
            return
        if deletes:
            await asyncio.to_thread(self._remove, Path(spec["local"]["path"]))
        kept = [finalizer for finalizer in finalizers if finalizer != PROVISIONER]
        change = {"metadata": {"finalizers": kept, "resourceVersion": metadata["resourceVersion"]}}
        await self._api.patch(f"{VOLUMES}/{metadata['name']}", change)
        log.info("volume %s is gone%s", metadata["name"], "" if deletes else f", {spec['local']['path']} is kept")

    def _remove(self, directory: Path) -> None:
        """Removes the directory, which must be one of ours by place and name; links in it are removed, not followed."""
        if directory.parent != self._root or not _DIRECTORY_NAME.fullmatch(directory.name):
            raise UserError(
                f"{directory} is not removed: it is not a volume's directory in {self._root}.",
                "Remove it by hand if it should go, then the finalizer from the PersistentVolume.",
            )
        try:
            if directory.is_symlink():
                directory.unlink()
            else:
                shutil.rmtree(directory)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def wants_volume(claim: Object) -> bool:
    """Whether the claim waits for us: Kubernetes has named the provisioner, and nothing is bound yet."""
    metadata = claim["metadata"]
    named = (metadata.get("annotations", {}).get(key) for key in _WANTS_PROVISIONER)
    return PROVISIONER in named and not claim["spec"].get("volumeName") and "deletionTimestamp" not in metadata


def is_ours(volume: Object) -> bool:
    return volume["metadata"].get("annotations", {}).get(_PROVISIONED_BY) == PROVISIONER and "local" in volume["spec"]


def volume_name(claim: Object) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def directory_name(claim: Object) -> str:
    """Namespace, claim (shortened where both would exceed a file name's 255 bytes) and uid, for people to find."""
    metadata = claim["metadata"]
    return f"{metadata['namespace']}_{metadata['name'][:_LONGEST_CLAIM]}_{metadata['uid']}"


def volume_for(claim: Object, storage_class: Object, node: str, directory: Path) -> Object:
    """The PersistentVolume for a claim. Type `local` and not `hostPath`, so that a pod's fsGroup is applied to it."""
    metadata, spec = claim["metadata"], claim["spec"]
    on_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": volume_name(claim),
            "annotations": {_PROVISIONED_BY: PROVISIONER},
            "finalizers": [PROVISIONER],
        },
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": "Filesystem",
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": spec["storageClassName"],
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "local": {"path": str(directory)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}},
        },
    }
