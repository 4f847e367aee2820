"""The identities of a cluster's components. Each has its own certificate and only the permissions it needs."""

import base64
from pathlib import Path

import yaml

from kube.atomic_write import write_whole
from local.cluster import network
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


def ensure(directory: Directory, settings: Settings) -> list[str]:
    """Ensure all keys, certificates and kubeconfigs. Return the certificates that were issued."""
    authority = Authority(directory.pki, "ca")
    inside = (CONTROLLER_MANAGER, SCHEDULER, PROXY, NETWORK_POLICIES, METRICS_SERVER, ADMIN, kubelet(directory.name))
    issued = authority.ensure([*inside, KUBELET_CLIENT, CLOUD, api_server()])
    # Separate CAs: a client certificate of the cluster is not valid for etcd or for the front proxy.
    issued += Authority(directory.pki, "etcd-ca").ensure([ETCD, ETCD_CLIENT])
    issued += Authority(directory.pki, "front-proxy-ca").ensure([FRONT_PROXY])
    ensure_signing_key(directory.pki / "service-accounts.key")
    server = f"https://127.0.0.1:{network.API_PORT}"
    for leaf in inside:
        write_whole(kubeconfig_of(directory, leaf), _kubeconfig(directory, leaf, server, leaf.file))
    server = f"https://127.0.0.1:{settings.api_port}"
    write_whole(kubeconfig_of(directory, CLOUD), _kubeconfig(directory, CLOUD, server, CLOUD.file))
    write_whole(directory.kubeconfig, _kubeconfig(directory, ADMIN, server, directory.context))
    return issued


def kubeconfig_of(directory: Directory, leaf: Leaf) -> Path:
    return directory.pki / f"{leaf.file}.kubeconfig"


def _kubeconfig(directory: Directory, leaf: Leaf, server: str, context: str) -> str:
    def embedded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": embedded(directory.pki / "ca.crt")}
    user = {
        "client-certificate-data": embedded(directory.pki / f"{leaf.file}.crt"),
        "client-key-data": embedded(directory.pki / f"{leaf.file}.key"),
    }
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": user}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        },
        sort_keys=False,
    )
