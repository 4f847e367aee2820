"""The identities of a cluster's components. Each has its own certificate and only the permissions it needs."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import yaml

from kube.atomic_write import write_whole
from local.cluster import network, pki
from local.cluster.directory import Directory
from local.cluster.pki import Authority, Leaf, ensure_signing_key
from local.cluster.settings import Settings

# Kubernetes has built-in permissions for the first ones; addons/access.yaml grants those of the others.
CONTROLLER_MANAGER = Leaf(file="kube-controller-manager", user="system:kube-controller-manager")
SCHEDULER = Leaf(file="kube-scheduler", user="system:kube-scheduler")
PROXY = Leaf(file="kube-proxy", user="system:kube-proxy")
ADMIN = Leaf(file="admin", user="synergychat:admin", groups=("system:masters",))
KUBELET_CLIENT = Leaf(file="apiserver-kubelet-client", user="synergychat:apiserver")
CLOUD = Leaf(file="cloud", user="synergychat:cloud")
NETWORK_POLICIES = Leaf(file="kube-network-policies", user="synergychat:kube-network-policies")
METRICS_SERVER = Leaf(
    file="metrics-server", user="synergychat:metrics-server", serves=("metrics-server.kube-system.svc",)
)

ETCD = Leaf(file="etcd", user="etcd", serves=("127.0.0.1", "localhost"))
ETCD_CLIENT = Leaf(file="apiserver-etcd-client", user="kube-apiserver")
FRONT_PROXY = Leaf(file="front-proxy-client", user="front-proxy-client")


def kubelet(node: str) -> Leaf:
    return Leaf(file="kubelet", user=f"system:node:{node}", groups=("system:nodes",), serves=(node, network.NODE))


def api_server() -> Leaf:
    service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    names = (*service, f"kubernetes.default.svc.{network.DOMAIN}", "localhost")
    addresses = ("127.0.0.1", network.API_SERVICE, network.NODE)
    return Leaf(file="apiserver", user="kube-apiserver", serves=(*names, *addresses), client=False)


def _leaves(directory: Directory) -> dict[str, list[Leaf]]:
    """List the certificates by the name of their CA."""
    return {
        "ca": [*_inside(directory), KUBELET_CLIENT, CLOUD, api_server()],
        # Separate CAs: a client certificate of the cluster is not valid for etcd or for the front proxy.
        "etcd-ca": [ETCD, ETCD_CLIENT],
        "front-proxy-ca": [FRONT_PROXY],
    }


def _inside(directory: Directory) -> list[Leaf]:
    """List the clients of the API server that run in the node."""
    node = kubelet(directory.name)
    return [CONTROLLER_MANAGER, SCHEDULER, PROXY, NETWORK_POLICIES, METRICS_SERVER, ADMIN, node]


def ensure(directory: Directory, settings: Settings, now: datetime | None = None) -> list[str]:
    """Ensure all keys, certificates and kubeconfigs. Return the certificates that were issued."""
    issued: list[str] = []
    for authority, leaves in _leaves(directory).items():
        issued += Authority(directory.pki, authority, now).ensure(leaves)
    ensure_signing_key(directory.pki / "service-accounts.key")
    server = f"https://127.0.0.1:{network.API_PORT}"
    for leaf in _inside(directory):
        write_whole(kubeconfig_of(directory, leaf), _kubeconfig(directory, leaf, server, leaf.file, _by_path))
    server = f"https://127.0.0.1:{settings.api_port}"
    write_whole(kubeconfig_of(directory, CLOUD), _kubeconfig(directory, CLOUD, server, CLOUD.file, _by_path))
    # Embedded, as users copy this file to other places.
    write_whole(directory.kubeconfig, _kubeconfig(directory, ADMIN, server, directory.context, _embedded))
    return issued


def expiring(directory: Directory, now: datetime | None = None) -> dict[str, datetime]:
    """List the certificates and CAs that are to be renewed, each with its end."""
    now = now or datetime.now(UTC)
    leaves = _leaves(directory)
    names = [*leaves, *(leaf.file for listed in leaves.values() for leaf in listed)]
    ends = {name: pki.near_end(directory.pki / f"{name}.crt", now) for name in names}
    return {name: end for name, end in ends.items() if end is not None}


def renew(directory: Directory, settings: Settings, now: datetime | None = None) -> list[str]:
    """Renew the certificates of a running node that are near their end, and return them.

    All components read their certificates again from these files. No component reads its CAs again, so they are
    replaced at the next start only.
    """
    now = now or datetime.now(UTC)
    found = expiring(directory, now)
    return ensure(directory, settings, now) if found and not found.keys() & _leaves(directory).keys() else []


def kubeconfig_of(directory: Directory, leaf: Leaf) -> Path:
    return directory.pki / f"{leaf.file}.kubeconfig"


def _kubeconfig(
    directory: Directory, leaf: Leaf, server: str, context: str, client: Callable[[Path], dict[str, str]]
) -> str:
    authority = base64.b64encode((directory.pki / "ca.crt").read_bytes()).decode()
    cluster = {"server": server, "certificate-authority-data": authority}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": client(directory.pki / f"{leaf.file}.crt")}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        },
        sort_keys=False,
    )


def _by_path(certificate: Path) -> dict[str, str]:
    """Refer to the files, so that a component reads a renewed certificate without a restart."""
    return {"client-certificate": str(certificate), "client-key": str(certificate.with_suffix(".key"))}


def _embedded(certificate: Path) -> dict[str, str]:
    return {
        f"{key}-data": base64.b64encode(Path(path).read_bytes()).decode() for key, path in _by_path(certificate).items()
    }
