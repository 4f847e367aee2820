"""The components' configuration files: they parse, match each other, and do not change the host."""

import base64
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cluster import config_files, credentials, kernel, network, node, preflight
from local.cluster.cloud.volumes import PROVISIONER
from local.cluster.directory import Directory
from local.cluster.node_components import PROGRAMS
from local.cluster.settings import Settings
from local.toolchain.pins import ARTEFACTS


@pytest.fixture
def directory(directory: Directory) -> Directory:
    (directory.pki / "ca.crt").write_text("the cluster's authority")
    return directory


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / "tools" / name for name in PROGRAMS}


SETTINGS = Settings()


@pytest.fixture
def written(directory: Directory, programs: dict[str, Path]) -> Path:
    config_files.write(directory, SETTINGS, programs)
    return directory.config


def _containerd(config: Path) -> dict[str, Any]:
    return tomllib.loads((config / "containerd.toml").read_text())


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def _addons(config: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((config / "addons.yaml").read_text()))


def _addon(config: Path, kind: str, name: str) -> dict[str, Any]:
    (found,) = (o for o in _addons(config) if (o["kind"], o["metadata"]["name"]) == (kind, name))
    return found


def test_nobody_else_can_write_to_the_directories_of_the_files(directory: Directory, programs: dict[str, Path]) -> None:
    (directory.pki / "ca.crt").write_text("")
    before = os.umask(0)
    try:
        config_files.write(directory, SETTINGS, programs)
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in directory.config.iterdir() if path.is_dir()}
    assert modes == {"manifests": "0o700", "cni": "0o700"}


def test_each_start_rewrites_the_files_of_the_last_one(directory: Directory, programs: dict[str, Path]) -> None:
    config_files.write(directory, SETTINGS, programs)
    before = {path: path.read_bytes() for path in directory.config.rglob("*") if path.is_file()}
    for path in before:
        path.write_text("from an older version")
    config_files.write(directory, SETTINGS, programs)
    assert {path: path.read_bytes() for path in directory.config.rglob("*") if path.is_file()} == before


def test_kubelet_runs_on_both_cgroup_versions_and_in_the_cgroup_of_its_cluster_only(
    written: Path,
) -> None:
    kubelet = _yaml(written / "kubelet.yaml")
    assert kubelet["failCgroupV1"] is False
    assert kubelet["cgroupDriver"] == "cgroupfs"
    assert kubelet["cgroupRoot"] == f"/{SETTINGS.cgroup}"


def test_kubelet_does_not_change_kernel_settings_of_the_host(written: Path) -> None:
    assert _yaml(written / "kubelet.yaml")["protectKernelDefaults"] is True


def test_kubelet_never_garbage_collects_images(written: Path) -> None:
    assert _yaml(written / "kubelet.yaml")["imageGCHighThresholdPercent"] == 100


def test_pods_do_not_inherit_the_hosts_resolver(written: Path) -> None:
    kubelet = _yaml(written / "kubelet.yaml")
    assert kubelet["resolvConf"] == "/dev/null"
    assert kubelet["clusterDNS"] == [network.DNS_SERVICE]
    assert kubelet["clusterDomain"] == network.DOMAIN


def test_kubelet_starts_on_a_machine_with_swap(written: Path) -> None:
    assert _yaml(written / "kubelet.yaml")["failSwapOn"] is False


def test_kubelet_authenticates_and_authorizes_with_the_api_server(written: Path, directory: Directory) -> None:
    kubelet = _yaml(written / "kubelet.yaml")
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert kubelet["authorization"] == {"mode": "Webhook"}
    assert kubelet["authentication"]["x509"] == {"clientCAFile": str(directory.pki / "ca.crt")}


def test_anonymous_requests_reach_only_the_health_endpoints(written: Path) -> None:
    anonymous = _yaml(written / "kube-apiserver-authentication.yaml")["anonymous"]
    assert anonymous["enabled"] is True
    assert {condition["path"] for condition in anonymous["conditions"]} == {"/livez", "/readyz", "/healthz"}


def test_kube_proxy_does_not_change_the_hosts_conntrack_table(written: Path) -> None:
    proxy = _yaml(written / "kube-proxy.yaml")
    assert proxy["mode"] == "nftables"
    assert proxy["conntrack"] == {"maxPerCore": 0, "min": 0}


@pytest.mark.parametrize(("may", "restricted", "score"), [(True, False, -999), (False, True, 0)])
def test_oom_scores_are_lowered_only_with_the_capability(
    monkeypatch: pytest.MonkeyPatch,
    directory: Directory,
    programs: dict[str, Path],
    may: bool,
    restricted: bool,
    score: int,
) -> None:
    monkeypatch.setattr(kernel, "may_lower_oom_score", lambda: may)
    config_files.write(directory, SETTINGS, programs)
    runtime = _containerd(directory.config)["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is restricted
    assert _yaml(directory.config / "kubelet.yaml")["oomScoreAdj"] == score
    assert _yaml(directory.config / "kube-proxy.yaml")["oomScoreAdj"] == score


def test_containerd_uses_the_tools_of_set_up(written: Path, programs: dict[str, Path]) -> None:
    config = _containerd(written)
    assert config["version"] == 3
    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["containerd"]["runtimes"]["runc"]["options"] == {
        "BinaryName": str(programs["runc"]),
        "SystemdCgroup": False,
    }
    assert runtime["cni"] == {"bin_dirs": [str(programs["ptp"].parent)], "conf_dir": str(written / "cni")}


def test_a_path_with_quotes_is_written_correctly(directory: Directory, programs: dict[str, Path]) -> None:
    programs = {name: Path('/home/o\'brien "ö"\\/tools') / name for name in programs}
    config_files.write(directory, SETTINGS, programs)
    runtime = _containerd(directory.config)["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["BinaryName"] == str(programs["runc"])
    assert runtime["cni"]["bin_dirs"] == [str(programs["ptp"].parent)]


def test_kubelet_and_containerd_use_the_same_socket_and_pause_image(written: Path) -> None:
    config = _containerd(written)
    assert _yaml(written / "kubelet.yaml")["containerRuntimeEndpoint"] == f"unix://{config['grpc']['address']}"
    pinned = config["plugins"]["io.containerd.cri.v1.images"]["pinned_images"]
    assert pinned == {"sandbox": config_files.PAUSE_IMAGE}


def test_pods_leave_process_ids_disk_and_inodes_to_the_host(written: Path) -> None:
    kubelet = _yaml(written / "kubelet.yaml")
    most = min(int(Path("/proc/sys/kernel", name).read_text()) for name in ("pid_max", "threads-max"))
    assert kubelet["podPidsLimit"] == 2048
    assert most * 0.24 < int(kubelet["systemReserved"]["pid"]) < most * 0.26
    kept = kubelet["evictionHard"]
    assert (kept["nodefs.available"], kept["imagefs.available"], kept["nodefs.inodesFree"]) == ("1Gi", "1Gi", "1%")


def test_a_cluster_may_start_with_more_free_disk_than_kubelet_keeps_free() -> None:
    assert preflight.MIN_FREE_DISK >= (1 << 30) + (1 << 30)  # what kubelet keeps, and the images


def test_pods_get_the_seccomp_profile_of_the_runtime_by_default(written: Path) -> None:
    assert _yaml(written / "kubelet.yaml")["seccompDefault"] is True


def test_fixed_paths_are_outside_of_the_hosts_programs(written: Path) -> None:
    config = _containerd(written)
    ipam = _pods_network(written)["plugins"][0]["ipam"]
    places = [config["root"], config["state"], config["grpc"]["address"], ipam["dataDir"]]
    places.append(_yaml(written / "kubelet.yaml")["volumePluginDir"])
    for place in places:
        assert not any(Path(place).is_relative_to(system) for system in node.SYSTEM), place


def _pods_network(config: Path) -> dict[str, Any]:
    (file,) = (config / "cni").iterdir()
    assert file.suffix == ".conflist"  # containerd would read any other name as a single plugin
    return json.loads(file.read_text())


def test_pods_get_addresses_of_the_cluster_from_plugins_that_set_up_installs(written: Path) -> None:
    plugins = _pods_network(written)["plugins"]
    assert plugins[0]["ipam"]["ranges"] == [[{"subnet": network.PODS}]]
    used = {plugin["type"] for plugin in plugins} | {plugins[0]["ipam"]["type"]}
    assert used < set(ARTEFACTS["cni"].programs)
    assert _yaml(written / "kube-proxy.yaml")["clusterCIDR"] == network.PODS


def test_every_object_of_the_addons_is_applied_once(written: Path) -> None:
    objects = [
        (o["apiVersion"], o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in _addons(written)
    ]
    assert len(objects) == len(set(objects))
    whole = "\n".join(file.read_text() for file in config_files.ADDONS.glob("*.yaml"))
    assert len(objects) == sum(line.startswith("kind: ") for line in whole.splitlines())


def test_the_dns_service_has_the_address_and_domain_that_kubelet_gives_to_pods(written: Path) -> None:
    assert _addon(written, "Service", "kube-dns")["spec"]["clusterIP"] == network.DNS_SERVICE
    corefile = _addon(written, "ConfigMap", "coredns")["data"]["Corefile"]
    assert f"kubernetes {network.DOMAIN} " in corefile


def test_permissions_are_granted_to_users_that_have_a_certificate(written: Path) -> None:
    users = {
        subject["name"]
        for binding in _addons(written)
        for subject in binding.get("subjects", ())
        if subject["kind"] == "User"
    }
    known = (credentials.KUBELET_CLIENT, credentials.CLOUD, credentials.NETWORK_POLICIES, credentials.METRICS_SERVER)
    assert users == {leaf.user for leaf in known}


def test_the_api_service_points_to_the_metrics_server_and_trusts_its_certificate(written: Path) -> None:
    asked = _addon(written, "APIService", "v1beta1.metrics.k8s.io")["spec"]
    name, namespace = asked["service"]["name"], asked["service"]["namespace"]
    assert _addon(written, "Service", name)["spec"]["externalName"] == network.NODE
    assert asked["service"]["port"] == network.METRICS_PORT
    assert credentials.METRICS_SERVER.serves == (f"{name}.{namespace}.svc",)
    assert base64.b64decode(asked["caBundle"]) == b"the cluster's authority"


def test_packets_between_pods_of_the_node_are_routed(written: Path) -> None:
    assert _pods_network(written)["plugins"][0]["type"] == "ptp"


def test_the_default_storage_class_uses_the_clusters_provisioner(written: Path) -> None:
    (storage,) = (o for o in _addons(written) if o["kind"] == "StorageClass")
    assert storage["provisioner"] == PROVISIONER
    assert storage["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
