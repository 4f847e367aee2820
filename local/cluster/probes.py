"""Health probes of a running node, sent from inside its network."""

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.rdatatype

from local.cluster import network, node_http
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.config_files import CONTAINERD_SOCKET
from local.cluster.directory import Directory
from local.cluster.kubelet_reports import KubeletReports
from local.cluster.moment import Moment
from local.cluster.node_http import NoAnswer

_TIMEOUT_S = 2.0
_DNS_TIMEOUT_S = 0.25  # short, as a lost datagram is sent again
_SILENT_S = 60.0
_LONGEST_LIST = 3
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

# Returns None if a component is healthy, and otherwise the reason why it is not.
Probe = Callable[[], Awaitable[str | None]]


class Probes:
    """Probes of the node whose process 1 is `init`."""

    def __init__(self, directory: Directory, init: int, api_port: int) -> None:
        self._directory = directory
        self._init = init
        self._api_port = api_port
        self._network = NetworkNamespace(f"/proc/{init}/ns/net")
        self._tls: ssl.SSLContext | None = None
        self._kubelet = KubeletReports()

    def close(self) -> None:
        self._network.close()

    def reload_certificate(self) -> None:
        """Use the renewed certificate from the next probe on."""
        self._tls = None

    async def etcd(self) -> str | None:
        return await self._not_ready(network.ETCD_HEALTH_PORT)

    async def api_server(self) -> str | None:
        return await self._not_ready(network.API_PORT, self._context)

    async def cloud(self) -> str | None:
        """Check that the cloud accepts connections on the API port of the host."""
        return await _not_accepting(asyncio.open_connection("127.0.0.1", self._api_port))

    async def containerd(self) -> str | None:
        """Check that containerd listens, which it does once all plugins work. A stale socket refuses."""
        return await _not_accepting(asyncio.open_unix_connection(f"/proc/{self._init}/root{CONTAINERD_SOCKET}"))

    async def network_policies(self) -> str | None:
        """Check that a process reads the netfilter queue of packets that NetworkPolicies decide about."""
        try:
            queues = Path(f"/proc/{self._init}/net/netfilter/nfnetlink_queue").read_text()
        except OSError as error:
            return str(error)
        return None if queues else "no process reads the netfilter queue"

    async def node_problem(self, kubelet: Moment) -> str | None:
        """Say why the node is not Ready. None if it is, by a status of the kubelet that started at that moment."""
        try:
            node = await self._object(f"/api/v1/nodes/{self._directory.name}")
            lease = await self._object(f"{_LEASES}/{self._directory.name}")
        except NoAnswer as error:
            return f"kube-apiserver does not answer: {error}"
        if node is None:
            return "the node is not registered"
        ready = _condition(node, "Ready")
        self._kubelet.observe(kubelet, _read(ready, "lastHeartbeatTime"), _read(lease, "spec", "renewTime"))
        if ready is None or not self._kubelet.reported:
            return "kubelet has not reported the node's status since it started"
        if _read(ready, "status") != "True":
            return _read(ready, "message") or "the node is not Ready"
        silent_s = self._kubelet.silent_s
        return f"kubelet has not renewed the node's lease for {silent_s:.0f} s" if silent_s > _SILENT_S else None

    async def pods_not_back(self, since: Moment) -> list[str]:
        """List the pods that are not ready again since the node started, even if their stored status says so.

        NoAnswer if the API server does not list them.
        """
        listed = await self._object("/api/v1/pods")
        pods = _list(listed, "items")
        return [
            f"{_read(p, 'metadata', 'namespace')}/{_read(p, 'metadata', 'name')}"
            for p in pods
            if not _is_back(p, since)
        ]

    async def dns(self) -> str | None:
        """Check that the cluster's DNS, at its Service's address, resolves the Service `kubernetes`."""
        found = await self.resolve(f"kubernetes.default.svc.{network.DOMAIN}")
        return None if network.API_SERVICE in found else "the cluster's DNS does not answer"

    async def resolve(self, name: str) -> list[str]:
        """Resolve the A records of `name`. Empty on a timeout."""
        question = dns.message.make_query(f"{name}.", dns.rdatatype.A)
        try:
            with self._network.socket(socket.SOCK_DGRAM, "0.0.0.0") as query:  # noqa: S104 - in the node's own network
                async with asyncio.timeout(_DNS_TIMEOUT_S):
                    loop = asyncio.get_running_loop()
                    await loop.sock_connect(query, (network.DNS_SERVICE, 53))
                    await loop.sock_sendall(query, question.to_wire())
                    answer = dns.message.from_wire(await loop.sock_recv(query, 4096))
        except (OSError, dns.exception.DNSException):
            return []
        return [str(record) for records in answer.answer for record in records]

    async def _not_ready(self, port: int, tls: Callable[[], ssl.SSLContext] | None = None) -> str | None:
        """Ask /readyz, which lists its checks, and return those that fail."""
        try:
            answer = await node_http.get(self._network, port, "/readyz", tls)
        except NoAnswer as error:
            return str(error)
        if answer.status == 200:
            return None
        lines = answer.body.decode(errors="replace").splitlines()
        failed = [line.removesuffix(": reason withheld") for line in lines if line.startswith("[-]")]
        more = [f"{len(failed) - _LONGEST_LIST} more"] if len(failed) > _LONGEST_LIST else []
        return ", ".join([*failed[:_LONGEST_LIST], *more]) or f"/readyz answers with status {answer.status}"

    async def _object(self, path: str) -> dict[str, Any] | None:
        """Return an object of the API server; None if it does not exist. NoAnswer otherwise."""
        answer = await node_http.get(self._network, network.API_PORT, path, self._context)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status} for {path}")
        try:
            found = json.loads(answer.body)
        except ValueError as error:
            raise NoAnswer(f"not JSON for {path}: {error}") from error
        return found if isinstance(found, dict) else {}

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            pki: Path = self._directory.pki
            tls = ssl.create_default_context(cafile=pki / "ca.crt")
            tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
            self._tls = tls
        return self._tls


async def _not_accepting(
    connecting: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
) -> str | None:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await connecting
    except TimeoutError:
        return f"no connection within {_TIMEOUT_S:g} s"
    except OSError as error:
        return node_http.connection_error(error)
    writer.transport.abort()
    return None


def _is_back(pod: Any, since: Moment) -> bool:
    is_new = since.precedes(_read(pod, "metadata", "creationTimestamp"))
    if (
        is_new
        or _read(pod, "metadata", "deletionTimestamp")
        or _read(pod, "status", "phase") in ("Succeeded", "Failed")
    ):
        return True
    containers = _list(pod, "status", "containerStatuses")
    started = (_read(container, "state", "running", "startedAt") for container in containers)
    return _read(_condition(pod, "Ready"), "status") == "True" and all(map(since.precedes, started))


def _condition(value: Any, kind: str) -> Any:
    return next((c for c in _list(value, "status", "conditions") if _read(c, "type") == kind), None)


def _read(value: Any, *path: str) -> Any:
    """Return the value at `path`, or None if a step of it is missing or null."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _list(value: Any, *path: str) -> list[Any]:
    found = _read(value, *path)
    return found if isinstance(found, list) else []
