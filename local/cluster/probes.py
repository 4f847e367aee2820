"""Health probes of a running node, sent from inside its network."""

import asyncio
import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.rdatatype

from local.cluster import network
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.config_files import CONTAINERD_SOCKET
from local.cluster.directory import Directory

_TIMEOUT_S = 2.0
_DNS_TIMEOUT_S = 0.25  # short, as a lost datagram is sent again
_NO_ANSWER = (OSError, EOFError, ValueError, TimeoutError)
_FRESH_S = 60.0
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


class Probes:
    """Probes of the node whose process 1 is `init`. Each returns False or None until it gets a good answer."""

    def __init__(self, directory: Directory, init: int, api_port: int) -> None:
        self._directory = directory
        self._init = init
        self._api_port = api_port
        self._network = NetworkNamespace(f"/proc/{init}/ns/net")
        self._tls: ssl.SSLContext | None = None

    def close(self) -> None:
        self._network.close()

    def reload_certificate(self) -> None:
        """Use the renewed certificate from the next probe on."""
        self._tls = None

    async def etcd(self) -> bool:
        return await self._get(network.ETCD_HEALTH_PORT, "/readyz", secure=False) is not None

    async def api_server(self) -> bool:
        return await self._get(network.API_PORT, "/readyz") is not None

    async def cloud(self) -> bool:
        """Report whether the cloud accepts connections on the API port of the host."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                _, writer = await asyncio.open_connection("127.0.0.1", self._api_port)
        except _NO_ANSWER:
            return False
        writer.close()
        return True

    async def containerd(self) -> bool:
        """Report whether containerd listens, which it does once all plugins work. A stale socket refuses."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                _, writer = await asyncio.open_unix_connection(f"/proc/{self._init}/root{CONTAINERD_SOCKET}")
        except _NO_ANSWER:
            return False
        writer.close()
        return True

    async def network_policies(self) -> bool:
        """Report whether a process reads the netfilter queue of packets that NetworkPolicies decide about."""
        try:
            return bool(Path(f"/proc/{self._init}/net/netfilter/nfnetlink_queue").read_text())
        except OSError:
            return False

    async def node_problem(self, since: datetime) -> str | None:
        """Say why the node is not Ready. None if it is, by a status that its kubelet reported after `since`."""
        node = await self._object(f"/api/v1/nodes/{self._directory.name}")
        if node is None:
            return "the node is not registered"
        ready = next((c for c in node["status"].get("conditions", []) if c["type"] == "Ready"), None)
        # The stored Ready may come from a kubelet that has ended.
        if ready is None or _time(ready["lastHeartbeatTime"]) < since.replace(microsecond=0):
            return "kubelet has not reported the node's status since it started"
        if ready["status"] != "True":
            return ready["message"]
        lease = await self._object(f"{_LEASES}/{self._directory.name}")
        silent_s = (datetime.now(UTC) - _time(lease["spec"]["renewTime"])).total_seconds() if lease else 0
        return f"kubelet has not renewed the node's lease for {silent_s:.0f} s" if silent_s > _FRESH_S else None

    async def pods_not_back(self, since: datetime) -> list[str]:
        """List the pods that are not ready again since the node started, even if their stored status says so."""
        listed = await self._object("/api/v1/pods")
        pods = listed["items"] if listed else []
        return [f"{p['metadata']['namespace']}/{p['metadata']['name']}" for p in pods if not _is_back(p, since)]

    async def dns(self) -> bool:
        """Report whether the cluster's DNS, at its Service's address, resolves the Service `kubernetes`."""
        return network.API_SERVICE in await self.resolve(f"kubernetes.default.svc.{network.DOMAIN}")

    async def resolve(self, name: str) -> list[str]:
        """Resolve the A records of `name`. Empty on a timeout."""
        question = dns.message.make_query(f"{name}.", dns.rdatatype.A)
        query = self._network.socket(socket.SOCK_DGRAM, "0.0.0.0")  # noqa: S104 - in the node's own network
        try:
            async with asyncio.timeout(_DNS_TIMEOUT_S):
                loop = asyncio.get_running_loop()
                await loop.sock_connect(query, (network.DNS_SERVICE, 53))
                await loop.sock_sendall(query, question.to_wire())
                answer = dns.message.from_wire(await loop.sock_recv(query, 4096))
        except (*_NO_ANSWER, dns.exception.DNSException):
            return []
        finally:
            query.close()
        return [str(record) for records in answer.answer for record in records]

    async def _object(self, path: str) -> dict[str, Any] | None:
        body = await self._get(network.API_PORT, path)
        return None if body is None else json.loads(body)

    async def _get(self, port: int, path: str, *, secure: bool = True) -> bytes | None:
        """Return the body of a 200 answer; None otherwise."""
        connection = self._network.socket(socket.SOCK_STREAM, "0.0.0.0")  # noqa: S104 - in the node's own network
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
                reader, writer = await asyncio.open_connection(
                    sock=connection,
                    ssl=self._context() if secure else None,
                    server_hostname="127.0.0.1" if secure else None,
                )
                try:
                    # With HTTP 1.0 the server closes the connection after the answer.
                    writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode())
                    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                finally:
                    writer.transport.abort()
        except _NO_ANSWER:
            return None
        finally:
            connection.close()
        return body if head.split(b" ", 2)[1:2] == [b"200"] else None

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            pki: Path = self._directory.pki
            self._tls = ssl.create_default_context(cafile=pki / "ca.crt")
            self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        return self._tls


def _is_back(pod: dict[str, Any], since: datetime) -> bool:
    status, second = pod["status"], since.replace(microsecond=0)
    is_new = _time(pod["metadata"]["creationTimestamp"]) >= second
    if is_new or "deletionTimestamp" in pod["metadata"] or status["phase"] in ("Succeeded", "Failed"):
        return True
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))
    running = [container["state"].get("running") for container in status.get("containerStatuses", [])]
    return ready and all(state is not None and _time(state["startedAt"]) >= second for state in running)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
