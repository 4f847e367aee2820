"""Dynamic provisioning: each claim on the provisioner's StorageClasses gets a directory of the host as its volume."""

import asyncio
import errno
import logging
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path

import httpx

from local.cluster.cloud.api import Api, ApiError, Manifest
from local.cluster.cloud.events import Events
from local.cluster.cloud.status_file import StatusFile
from local.errors import UserError

PROVISIONER = "synergychat.local/directory"
CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_NODES = "/api/v1/nodes"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_PROVISIONER_ANNOTATIONS = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_IN_USE = "kubernetes.io/pv-protection"
_LONGEST_CLAIM = 150
_DIRECTORY_NAME = re.compile(r"[a-z0-9-]+_[a-z0-9.-]+_[0-9a-f-]{36}")
log = logging.getLogger(__name__)


class Volumes:
    """Provision volumes for `claims` below `root` and delete released ones (both maps by uid, from a watch).

    Every step can be interrupted and is repeated from the API server's state. Provisioning creates the directory, then
    the PersistentVolume. Deletion removes the directory, then the finalizer that kept the PersistentVolume.
    """

    def __init__(
        self,
        api: Api,
        claims: Mapping[str, Manifest],
        volumes: Mapping[str, Manifest],
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
        """Provision and release. False if something failed and should be retried."""
        errors: list[str] = []
        self._events.forget_all_but(self._claims.keys() | self._volumes.keys())
        for claim in list(self._claims.values()):
            if waits_for_volume(claim):
                errors += await self._attempt(self._provision, claim, "ProvisioningFailed")
        for volume in list(self._volumes.values()):
            if is_ours(volume):
                errors += await self._attempt(self._release, volume, "VolumeFailedDelete")
        self._status.set("volumes", [{"error": error} for error in errors])
        return not errors

    async def _attempt(self, step: Callable[[Manifest], Awaitable[None]], about: Manifest, reason: str) -> list[str]:
        """Run one step for one object. A failure is written as an Event on that object and returned."""
        try:
            await step(about)
        except httpx.RequestError:
            raise  # nothing answers: all steps are retried
        except Exception as error:  # noqa: BLE001 - one odd object may not keep the others waiting
            if isinstance(error, ApiError) and error.status in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                return []  # the object has changed: the watch delivers its new state
            known = isinstance(error, (ApiError, OSError, UserError))
            text = str(error) if known else f"its fields cannot be used: {type(error).__name__}: {error}"
            await self._events.warning(about, reason, text)
            return [f"{about['kind']} {about['metadata']['name']}: {text}"]
        self._events.settle(about, reason)
        return []

    async def _provision(self, claim: Manifest) -> None:
        name = volume_name(claim)
        if any(volume["metadata"]["name"] == name for volume in self._volumes.values()):
            return  # provisioned, not bound yet
        if claim["spec"].get("volumeMode") == "Block":
            raise UserError(
                f"volumeMode Block is not supported: {PROVISIONER} provisions directories.",
                "Set volumeMode: Filesystem.",
            )
        storage_class = await self._class_of(claim)
        node = claim["metadata"]["annotations"].get(_SELECTED_NODE) or await self._first_node()
        directory = self._root / directory_name(claim)
        self._make(directory)
        await self._api.create(VOLUMES, volume_for(claim, storage_class, node, directory))
        log.info("volume %s is %s", name, directory)

    async def _class_of(self, claim: Manifest) -> Manifest:
        name = claim["spec"]["storageClassName"]
        try:
            return await self._api.get(f"{_CLASSES}/{name}")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise UserError(
                f"StorageClass {name} does not exist.", "Use one that `kubectl get storageclass` lists."
            ) from error

    async def _first_node(self) -> str:
        """Name the only node, for volumeBindingMode Immediate, which binds a claim before a pod is scheduled."""
        nodes = (await self._api.get(_NODES))["items"]
        if not nodes:
            raise UserError("The cluster has no node yet.", "Wait until `kubectl get nodes` lists it.")
        return nodes[0]["metadata"]["name"]

    def _make(self, directory: Path) -> None:
        # The directories below are world-writable for pods. This mode keeps other users of the host out.
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            if directory.is_symlink():
                raise UserError(
                    f"The volume directory {directory} is a symbolic link.",
                    "Remove the link; a directory is then created.",
                ) from None
        directory.chmod(0o777)  # pods run as any user

    async def _release(self, volume: Manifest) -> None:
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
        log.info("volume %s is deleted%s", metadata["name"], "" if deletes else f"; {spec['local']['path']} is kept")

    def _remove(self, directory: Path) -> None:
        """Remove a volume directory, after a check of its place and name. Symbolic links in it are not followed."""
        if directory.parent != self._root or not _DIRECTORY_NAME.fullmatch(directory.name):
            raise UserError(
                f"spec.local.path {directory} is not deleted: it is not a volume directory in {self._root}.",
                "Delete that directory yourself if you want to, then remove the finalizer from the PersistentVolume.",
            )
        try:
            if directory.is_symlink():
                directory.unlink()
            else:
                shutil.rmtree(directory)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def waits_for_volume(claim: Manifest) -> bool:
    """Report whether the claim waits for this provisioner: Kubernetes has selected it, and no volume is bound yet."""
    metadata = claim["metadata"]
    named = (metadata.get("annotations", {}).get(key) for key in _PROVISIONER_ANNOTATIONS)
    return PROVISIONER in named and not claim["spec"].get("volumeName") and "deletionTimestamp" not in metadata


def is_ours(volume: Manifest) -> bool:
    """Report whether this provisioner created the PersistentVolume."""
    return volume["metadata"].get("annotations", {}).get(_PROVISIONED_BY) == PROVISIONER and "local" in volume["spec"]


def volume_name(claim: Manifest) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def directory_name(claim: Manifest) -> str:
    """Name a volume directory by namespace, claim (cut to fit into the 255 bytes of a file name) and uid."""
    metadata = claim["metadata"]
    return f"{metadata['namespace']}_{metadata['name'][:_LONGEST_CLAIM]}_{metadata['uid']}"


def volume_for(claim: Manifest, storage_class: Manifest, node: str, directory: Path) -> Manifest:
    """Build the PersistentVolume for a claim. Unlike `hostPath`, type `local` gets the pod's fsGroup applied."""
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
