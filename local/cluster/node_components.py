"""The components of a node: each process with its command, its dependencies and its health probe."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.cluster import network
from local.cluster.config_files import VOLUME_PLUGINS
from local.cluster.credentials import (
    ADMIN,
    CONTROLLER_MANAGER,
    METRICS_SERVER,
    NETWORK_POLICIES,
    SCHEDULER,
    kubeconfig_of,
    kubelet,
)
from local.cluster.directory import Directory
from local.cluster.probes import Probe, Probes

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
    "ptp",
    "kube-network-policies",
    "metrics-server",
)


@dataclass(frozen=True, kw_only=True)
class Component:
    """A process to keep running or, with `once`, to run until it succeeds.

    It starts when all of `needs` are healthy. Without a `probe` it is healthy while it runs, or once it is done.
    """

    name: str
    command: tuple[str | Path, ...]
    needs: tuple[str, ...] = ()
    probe: Probe | None = None
    once: bool = False
    on_host: bool = False


def components(directory: Directory, programs: Mapping[str, Path], probes: Probes) -> list[Component]:
    """List the components in the order of `status`. The supervisor stops them in reverse order."""
    config = directory.config
    return [
        Component(name="etcd", command=_etcd(directory, programs["etcd"]), probe=probes.etcd),
        Component(
            name="kube-apiserver",
            command=_api_server(directory, programs["kube-apiserver"]),
            needs=("etcd",),
            probe=probes.api_server,
        ),
        Component(
            name="kube-controller-manager",
            command=_controller_manager(directory, programs["kube-controller-manager"]),
            needs=("kube-apiserver",),
        ),
        Component(
            name="kube-scheduler",
            command=(
                programs["kube-scheduler"],
                f"--kubeconfig={kubeconfig_of(directory, SCHEDULER)}",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                "--profiling=false",
            ),
            needs=("kube-apiserver",),
        ),
        Component(
            name="containerd",
            command=(programs["containerd"], "--config", config / "containerd.toml"),
            probe=probes.containerd,
        ),
        # On the host: the node may not see the directory of the archives.
        Component(
            name="first-images",
            command=(sys.executable, "-m", "local.cluster.node_images", directory.name),
            needs=("containerd",),
            once=True,
            on_host=True,
        ),
        Component(
            name="kubelet",
            command=(
                programs["kubelet"],
                f"--config={config / 'kubelet.yaml'}",
                f"--kubeconfig={kubeconfig_of(directory, kubelet(directory.name))}",
                f"--hostname-override={directory.name}",
                f"--node-ip={network.NODE}",
            ),
            needs=("containerd", "first-images"),
        ),
        Component(
            name="kube-proxy",
            command=(
                programs["kube-proxy"],
                f"--config={config / 'kube-proxy.yaml'}",
                f"--hostname-override={directory.name}",
            ),
            needs=("kube-apiserver",),
        ),
        Component(
            name="addons",
            command=(
                programs["kubectl"],
                f"--kubeconfig={kubeconfig_of(directory, ADMIN)}",
                f"--cache-dir={directory.scratch / 'kubectl'}",
                "apply",
                "--server-side",
                "--force-conflicts",
                "--field-manager=synergychat-cluster",
                "--validate=false",
                f"--filename={config / 'addons.yaml'}",
            ),
            needs=("kube-apiserver",),
            once=True,
        ),
        # It learns the addresses of pods from containerd, before the API server has them.
        Component(
            name="kube-network-policies",
            command=(
                programs["kube-network-policies"],
                f"--kubeconfig={kubeconfig_of(directory, NETWORK_POLICIES)}",
                f"--hostname-override={directory.name}",
            ),
            needs=("addons", "containerd"),
            probe=probes.network_policies,
        ),
        Component(
            name="metrics-server",
            command=_metrics_server(directory, programs["metrics-server"]),
            needs=("addons",),
        ),
        Component(
            name="cloud",
            command=(sys.executable, "-m", "local.cluster.cloud", "--cluster-dir", directory.root),
            probe=probes.cloud,
            on_host=True,
        ),
    ]


def _etcd(directory: Directory, program: Path) -> tuple[str | Path, ...]:
    pki, client = directory.pki, f"https://127.0.0.1:{network.ETCD_PORT}"
    peer = f"https://127.0.0.1:{network.ETCD_PORT + 1}"
    tls = [f"--{prefix}{flag}" for prefix in ("", "peer-") for flag in _etcd_tls(pki)]
    return (
        program,
        f"--name={directory.name}",
        f"--data-dir={directory.etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={directory.name}={peer}",
        f"--listen-metrics-urls=http://127.0.0.1:{network.ETCD_HEALTH_PORT}",
        # A single member elects itself and has no peer to wait for.
        "--heartbeat-interval=20",
        "--election-timeout=200",
        "--log-level=warn",
        *tls,
    )


def _etcd_tls(pki: Path) -> list[str]:
    return [
        "client-cert-auth",
        f"trusted-ca-file={pki / 'etcd-ca.crt'}",
        f"cert-file={pki / 'etcd.crt'}",
        f"key-file={pki / 'etcd.key'}",
    ]


def _api_server(directory: Directory, program: Path) -> tuple[str | Path, ...]:
    pki = directory.pki
    return (
        program,
        f"--secure-port={network.API_PORT}",
        "--bind-address=0.0.0.0",  # in the node's own network
        f"--advertise-address={network.NODE}",
        f"--service-cluster-ip-range={network.SERVICES}",
        f"--etcd-servers=https://127.0.0.1:{network.ETCD_PORT}",
        f"--etcd-cafile={pki / 'etcd-ca.crt'}",
        f"--etcd-certfile={pki / 'apiserver-etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'apiserver-etcd-client.key'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--authentication-config={directory.config / 'kube-apiserver-authentication.yaml'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",  # for `kubectl logs`: no DNS resolves the node's name
        "--profiling=false",
    )


def _controller_manager(directory: Directory, program: Path) -> tuple[str | Path, ...]:
    pki = directory.pki
    return (
        program,
        f"--kubeconfig={kubeconfig_of(directory, CONTROLLER_MANAGER)}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--flex-volume-plugin-dir={VOLUME_PLUGINS}",
        # The default limits delay the removal of the node's taint by five seconds.
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        "--profiling=false",
    )


def _metrics_server(directory: Directory, program: Path) -> tuple[str | Path, ...]:
    kubeconfig = kubeconfig_of(directory, METRICS_SERVER)
    return (
        program,
        *(f"--{prefix}kubeconfig={kubeconfig}" for prefix in ("", "authentication-", "authorization-")),
        f"--bind-address={network.NODE}",
        f"--secure-port={network.METRICS_PORT}",
        f"--tls-cert-file={directory.pki / 'metrics-server.crt'}",
        f"--tls-private-key-file={directory.pki / 'metrics-server.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--kubelet-use-node-status-port",
        "--metric-resolution=10s",  # the minimum; it requires a shorter request timeout
        "--kubelet-request-timeout=5s",
        "--profiling=false",
    )
