import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from local.cluster.cloud.api import Api, ApiError, Manifest
from local.cluster.cloud.events import Events
from local.cluster.cloud.status_file import StatusFile
from local.cluster.cloud.volumes import Volumes, directory_name

PROVISIONER = "synergychat.local/directory"
UID = "00000000-0000-0000-0000-000000000001"
VOLUME = f"pvc-{UID}"


class ApiServer:
    """A fake API server with PersistentVolumes by name and one StorageClass."""

    def __init__(self, reclaim_policy: str) -> None:
        self.volumes: dict[str, Manifest] = {}
        self.deleted: list[str] = []
        self.events: list[str] = []
        self._storage_class = {"reclaimPolicy": reclaim_policy}

    async def get(self, path: str) -> Manifest:
        if path == "/apis/storage.k8s.io/v1/storageclasses/standard":
            return self._storage_class
        if path == "/api/v1/nodes":
            return {"items": [{"metadata": {"name": "only"}}]}
        raise ApiError(404, "not found")

    async def create(self, path: str, body: Mapping[str, Any]) -> Manifest:
        if path.endswith("/events"):
            self.events.append(body["message"])
            return dict(body)
        name = body["metadata"]["name"]
        if name in self.volumes:
            raise ApiError(409, "exists")
        self.volumes[name] = {**body, "metadata": {**body["metadata"], "uid": f"uid-{name}", "resourceVersion": "1"}}
        return self.volumes[name]

    async def delete(self, path: str, version: str) -> None:
        self.deleted.append(path)

    async def patch(self, path: str, change: Mapping[str, Any]) -> Manifest:
        volume = self.volumes[path.rsplit("/", 1)[1]]
        volume["metadata"]["finalizers"] = change["metadata"]["finalizers"]
        return volume


class Cloud:
    def __init__(self, folder: Path, reclaim_policy: str = "Delete") -> None:
        self.root = folder / "volumes"
        self.claims: dict[str, Manifest] = {}
        self.volumes: dict[str, Manifest] = {}
        self.server = ApiServer(reclaim_policy)
        self.status_path = folder / "cloud-status.json"
        self.restart()

    def restart(self) -> None:
        api = cast(Api, self.server)
        events, status = Events(api), StatusFile(self.status_path)
        self._provisioner = Volumes(api, self.claims, self.volumes, events, status, self.root)

    def reconcile(self) -> bool:
        return asyncio.run(self._provisioner.reconcile())

    def provision(self) -> tuple[Manifest, Path]:
        """Provision and bind a claim; return its volume and its directory, with a file in it."""
        self.claims[UID] = claim()
        assert self.reconcile()
        self.claims[UID]["spec"]["volumeName"] = VOLUME
        volume = self.volumes[f"uid-{VOLUME}"] = self.server.volumes[VOLUME]
        directory = Path(volume["spec"]["local"]["path"])
        (directory / "data").write_text("kept while it is used")
        return volume, directory


def claim(**spec: Any) -> Manifest:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "uid": UID,
            "name": "data",
            "namespace": "chat",
            "annotations": {
                "volume.kubernetes.io/storage-provisioner": PROVISIONER,
                "volume.kubernetes.io/selected-node": "node",
            },
        },
        "spec": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            **spec,
        },
    }


def mark_deleted(volume: Manifest) -> None:
    volume["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    volume["status"] = {"phase": "Released"}


def test_a_claim_gets_a_directory_that_any_user_can_write_and_a_volume_bound_to_it(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    assert directory == tmp_path / "volumes" / f"chat_data_{UID}"
    assert directory.stat().st_mode & 0o777 == 0o777
    assert directory.parent.stat().st_mode & 0o777 == 0o700
    spec = volume["spec"]
    assert spec["claimRef"]["uid"] == UID
    assert spec["capacity"] == {"storage": "1Gi"}
    assert spec["persistentVolumeReclaimPolicy"] == "Delete"
    [term] = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node"]}]


def test_a_claim_with_immediate_binding_goes_to_the_only_node(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.claims[UID] = claim()
    del cloud.claims[UID]["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
    assert cloud.reconcile()
    [term] = cloud.server.volumes[VOLUME]["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["only"]


def test_provisioning_resumes_after_the_process_was_killed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    _, directory = cloud.provision()
    cloud.volumes.clear()  # the watch has not seen it yet
    del cloud.claims[UID]["spec"]["volumeName"]
    cloud.restart()
    assert cloud.reconcile()
    assert (directory / "data").exists()
    assert len(cloud.server.volumes) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"annotations": {"volume.kubernetes.io/storage-provisioner": "example.com/other"}}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {"spec": {"volumeName": "bound"}},
    ],
)
def test_a_claim_that_does_not_wait_for_this_provisioner_is_ignored(
    tmp_path: Path, change: Mapping[str, Manifest]
) -> None:
    cloud = Cloud(tmp_path)
    cloud.claims[UID] = claim()
    for part, values in change.items():
        cloud.claims[UID][part] |= values
    assert cloud.reconcile()
    assert not cloud.server.volumes
    assert not cloud.root.exists()


def test_a_block_volume_is_refused_with_one_event_on_the_claim(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.claims[UID] = claim(volumeMode="Block")
    assert not cloud.reconcile()
    assert not cloud.reconcile()
    assert len(cloud.server.events) == 1
    assert "Set volumeMode: Filesystem." in cloud.server.events[0]
    assert "data" in json.loads(cloud.status_path.read_text())["errors"][0]


def test_a_claim_with_odd_fields_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    odd = claim(resources=None)
    odd["metadata"] |= {"uid": "0dd", "name": "odd"}
    cloud.claims |= {"0dd": odd, UID: claim()}
    assert not cloud.reconcile()
    assert VOLUME in cloud.server.volumes
    assert "its fields cannot be used: TypeError" in cloud.server.events[0]


def test_a_missing_storage_class_is_named(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.claims[UID] = claim(storageClassName="gone")
    assert not cloud.reconcile()
    assert "StorageClass gone does not exist" in cloud.server.events[0]


def test_a_released_volume_is_deleted_with_its_directory(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    volume["status"] = {"phase": "Released"}
    cloud.reconcile()
    assert cloud.server.deleted == [f"/api/v1/persistentvolumes/{VOLUME}"]
    assert directory.exists()  # until the API server has marked it as deleted
    mark_deleted(volume)
    cloud.restart()
    assert cloud.reconcile()
    assert not directory.exists()
    assert volume["metadata"]["finalizers"] == []


def test_a_deletion_that_was_interrupted_after_the_directory_was_removed_is_completed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    (directory / "data").unlink()
    directory.rmdir()
    mark_deleted(volume)
    assert cloud.reconcile()
    assert volume["metadata"]["finalizers"] == []


def test_a_terminating_volume_keeps_its_directory_while_it_is_in_use(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    mark_deleted(volume)
    volume["metadata"]["finalizers"].append("kubernetes.io/pv-protection")
    assert cloud.reconcile()
    assert (directory / "data").exists()
    assert PROVISIONER in volume["metadata"]["finalizers"]


def test_a_retained_volume_keeps_its_directory(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, reclaim_policy="Retain")
    volume, directory = cloud.provision()
    volume["status"] = {"phase": "Released"}
    cloud.reconcile()
    assert cloud.server.deleted == []
    mark_deleted(volume)
    cloud.reconcile()
    assert (directory / "data").exists()
    assert volume["metadata"]["finalizers"] == []


def test_symbolic_links_in_a_volume_are_not_followed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("not ours")
    (directory / "folder").symlink_to(precious)
    (directory / "file").symlink_to(precious / "file")
    mark_deleted(volume)
    assert cloud.reconcile()
    assert not directory.exists()
    assert (precious / "file").exists()


def test_a_symbolic_link_in_place_of_the_volume_directory_is_not_followed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    directory.rename(tmp_path / "elsewhere")
    directory.symlink_to(tmp_path / "elsewhere")
    mark_deleted(volume)
    assert cloud.reconcile()
    assert not directory.is_symlink()
    assert (tmp_path / "elsewhere" / "data").exists()


@pytest.mark.parametrize("path", ["", "..", "/etc", "other", f"../elsewhere/chat_data_{UID}"])
def test_a_volume_with_a_path_outside_the_root_is_not_deleted(tmp_path: Path, path: str) -> None:
    cloud = Cloud(tmp_path)
    volume, directory = cloud.provision()
    volume["spec"]["local"]["path"] = str(cloud.root / path)
    elsewhere = tmp_path / "elsewhere" / directory.name
    elsewhere.mkdir(parents=True)
    mark_deleted(volume)
    assert not cloud.reconcile()
    assert (directory / "data").exists()
    assert elsewhere.exists()
    assert "is not deleted" in cloud.server.events[-1]
    assert PROVISIONER in volume["metadata"]["finalizers"]


def test_the_longest_names_fit_into_a_file_name() -> None:
    longest = {"metadata": {"namespace": "n" * 63, "name": "c" * 253, "uid": UID}}
    assert len(directory_name(longest)) <= 255
