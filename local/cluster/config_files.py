"""The components' configuration files, rewritten at each start."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from local.cluster import kernel, network
from local.cluster.directory import Directory
from local.cluster.settings import Settings

PAUSE_IMAGE = "registry.k8s.io/pause:3.10"
COREDNS_IMAGE = "registry.k8s.io/coredns/coredns:v1.14.7"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
VOLUME_PLUGINS = "/var/lib/kubelet/volume-plugins"  # the default is in /usr, which belongs to the host
_POD_PIDS = 2048
_FREE_DISK = "1Gi"  # a percentage would evict all pods from a large disk that is almost full
ADDONS = Path(__file__).resolve().parent / "addons"


def write(directory: Directory, settings: Settings, programs: Mapping[str, Path]) -> None:
    """Write all files into the cluster's config directory."""
    config = directory.config
    for name in ("manifests", "cni"):
        (config / name).mkdir(mode=0o700, exist_ok=True)
    (config / "containerd.toml").write_text(_containerd(programs, config / "cni"))
    (config / "cni" / "10-pods.conflist").write_text(json.dumps(_PODS_NETWORK, indent=1))
    addons = "---\n".join(file.read_text() for file in sorted(ADDONS.glob("*.yaml")))
    authority = base64.b64encode((directory.pki / "ca.crt").read_bytes()).decode()
    (config / "addons.yaml").write_text(addons.replace("CLUSTER_CA", authority))
    for name, document in {
        "kube-apiserver-authentication.yaml": _AUTHENTICATION,
        "kubelet.yaml": _kubelet(directory, settings.cgroup),
        "kube-proxy.yaml": _proxy(directory),
    }.items():
        (config / name).write_text(yaml.safe_dump(document, sort_keys=False))


_PODS_NETWORK = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            # Routed, not bridged: packets between pods of the node pass netfilter too.
            "type": "ptp",
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": network.PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                # A private tmpfs of the node: address leases end with the node's pods.
                "dataDir": "/run/cni/networks",
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

# Health endpoints answer anonymous requests; everything else needs authentication.
_AUTHENTICATION = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AuthenticationConfiguration",
    "anonymous": {"enabled": True, "conditions": [{"path": path} for path in ("/livez", "/readyz", "/healthz")]},
}


def _containerd(programs: Mapping[str, Path], cni: Path) -> str:
    restrict = "false" if kernel.may_lower_oom_score() else "true"
    # A JSON string is a valid TOML string, even if the home directory has a quote in its name.
    runc, plugins, networks = (
        json.dumps(str(path), ensure_ascii=False) for path in (programs["runc"], programs["ptp"].parent, cni)
    )
    return f"""\
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '{PAUSE_IMAGE}'
[plugins.'io.containerd.cri.v1.runtime']
  # Without the capability to lower a score, runc fails each pod with "can't get final child's PID from pipe: EOF".
  restrict_oom_score_adj = {restrict}
  tolerate_missing_hugetlb_controller = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = {runc}
      SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [{plugins}]
    conf_dir = {networks}
"""


def _kubelet(directory: Directory, cgroup: str) -> dict[str, object]:
    pki = directory.pki
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "staticPodPath": str(directory.config / "manifests"),
        "volumePluginDir": VOLUME_PLUGINS,
        "clusterDNS": [network.DNS_SERVICE],
        "clusterDomain": network.DOMAIN,
        "resolvConf": "/dev/null",  # the host's resolver may listen on its loopback, which pods cannot reach
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "protectKernelDefaults": True,  # only check the shadowed kernel settings (see node.py), never write them
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": -999 if kernel.may_lower_oom_score() else 0,
        "serializeImagePulls": False,
        # Imported images cannot be pulled again: never garbage-collect them.
        "imageGCHighThresholdPercent": 100,
        "seccompDefault": True,
        # The host's disk, process IDs and inodes are the node's too: leave enough of each to the host.
        "podPidsLimit": _POD_PIDS,
        "systemReserved": {"pid": str(_max_processes() // 4)},
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": _FREE_DISK,
            "imagefs.available": _FREE_DISK,
            "nodefs.inodesFree": "1%",
        },
    }


def _max_processes() -> int:
    """Return how many processes and threads this machine can have."""
    return min(int(Path("/proc/sys/kernel", name).read_text()) for name in ("pid_max", "threads-max"))


def _proxy(directory: Directory) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "bindAddress": network.NODE,
        "clusterCIDR": network.PODS,
        "clientConnection": {"kubeconfig": str(directory.pki / "kube-proxy.kubeconfig")},
        # The size of the conntrack table is the host's: do not change it.
        "conntrack": {"maxPerCore": 0, "min": 0},
        "nftables": {"minSyncPeriod": "100ms"},
        "oomScoreAdj": -999 if kernel.may_lower_oom_score() else 0,
    }
