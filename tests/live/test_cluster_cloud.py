"""ForwardingTable between real network namespaces, and load balancers and volumes on a real node."""

import json
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from local.cluster.cloud.netns import NetworkNamespace
from local.paths import REPOSITORY
from local.venv import VENV
from tests.live.waiting import wait_until

HOST = "127.0.9.1"  # no cluster uses this block
IP_BIND_ADDRESS_NO_PORT = 24
RESET = struct.pack("ii", 1, 0)
DRIVER = """
import asyncio, json, sys
from local.cluster.cloud.forwarding_table import Endpoint, ForwardingTable
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.cloud.relay import Relay

async def main():
    loop = asyncio.get_running_loop()
    forwarding = ForwardingTable(Relay(loop), NetworkNamespace(sys.argv[1]))
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        wanted = {Endpoint(*endpoint): ("10.250.0.2", port) for endpoint, port in json.loads(line)}
        outcomes = forwarding.apply(wanted)
        print(json.dumps([outcome.error for outcome in outcomes.values()]), flush=True)

asyncio.run(main())
"""


def _in(process: subprocess.Popen[bytes], *command: str) -> None:
    subprocess.run(["nsenter", "-t", str(process.pid), "-n", *command], check=True)


def _own_namespace() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # written from inside the namespace
    return process


@dataclass
class Node:
    """A node's network namespace and the one outside it, connected as in a cluster."""

    inside: NetworkNamespace
    outside_path: str

    def listen(self, kind: socket.SocketKind = socket.SOCK_STREAM) -> tuple[socket.socket, int]:
        listener = self.inside.socket(kind, "10.250.0.2")
        listener.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0)
        listener.bind(("10.250.0.2", 0))
        if kind == socket.SOCK_STREAM:
            listener.listen(1024)
        listener.settimeout(5)
        return listener, listener.getsockname()[1]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    inside, outside = _own_namespace(), _own_namespace()
    try:
        peer = ["type", "veth", "peer", "name", "node0", "netns", str(outside.pid)]
        _in(inside, "ip", "link", "set", "lo", "up")
        _in(inside, "ip", "link", "add", "eth0", *peer)
        _in(inside, "ip", "addr", "add", "10.250.0.2/24", "dev", "eth0")
        _in(inside, "ip", "link", "set", "eth0", "up")
        _in(inside, "ip", "route", "add", "default", "via", "10.250.0.1")
        _in(outside, "ip", "link", "set", "lo", "up")
        _in(outside, "ip", "addr", "add", "10.250.0.1/24", "dev", "node0")
        _in(outside, "ip", "link", "set", "node0", "up")
        _in(outside, "ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "100")
        _in(outside, "ip", "rule", "add", "iif", "node0", "lookup", "100")
        _in(outside, "sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1024 65535")
        yield Node(NetworkNamespace(f"/proc/{inside.pid}/ns/net"), f"/proc/{outside.pid}/ns/net")
    finally:
        for process in (inside, outside):
            process.kill()
            process.wait()


def _many_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Forwarder:
    """A process with a forwarding table that the tests set."""

    def __init__(self, outside_path: str, *through: str) -> None:
        self.process = subprocess.Popen(
            [*through, sys.executable, "-c", DRIVER, outside_path],
            cwd=REPOSITORY,
            preexec_fn=_many_descriptors,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def forward(self, *ports: tuple[int, str, int]) -> list[str | None]:
        """Set the table to (host port, protocol, node port) entries; return the errors."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        wanted = [((HOST, port, protocol), node_port) for port, protocol, node_port in ports]
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def settled_descriptors(self) -> int:
        """Count the open file descriptors once that number no longer falls."""
        last = 1 << 20
        while (now := len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))) < last:
            last = now
            time.sleep(0.2)
        return last

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


@pytest.fixture
def forwarder(node: Node) -> Iterator[Forwarder]:
    forwarder = Forwarder(node.outside_path)
    yield forwarder
    forwarder.end()


def _serve(listener: socket.socket, answer: Callable[[socket.socket], None]) -> threading.Thread:
    """Answer connections one by one until the listener is closed."""

    def run() -> None:
        listener.settimeout(None)
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                answer(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _received(stream: socket.socket) -> bytes:
    return b"".join(iter(lambda: stream.recv(65536), b""))


def test_half_close_works_and_large_data_arrives_complete(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    data = os.urandom(20_000_000)
    with socket.create_connection((HOST, 8000), timeout=10) as client:
        server, _ = listener.accept()
        server.settimeout(10)
        client.sendall(b"request")
        client.shutdown(socket.SHUT_WR)
        assert _received(server) == b"request"
        sender = threading.Thread(target=lambda: (server.sendall(data), server.close()))
        sender.start()
        time.sleep(0.5)  # the client is slow: what it does not read yet must wait, not be lost
        assert _received(client) == data
        sender.join()


def test_the_data_of_several_slow_clients_is_not_mixed_up(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    streams: list[tuple[socket.socket, threading.Thread, bytes]] = []
    for _ in range(4):
        data = os.urandom(10_000_000)
        client = socket.create_connection((HOST, 8000), timeout=10)
        server, _ = listener.accept()
        server.settimeout(10)
        sender = threading.Thread(target=lambda server=server, data=data: (server.sendall(data), server.close()))
        sender.start()
        streams.append((client, sender, data))
    time.sleep(0.5)  # until all of them wait
    for client, sender, data in streams:
        with client:
            assert _received(client) == data
        sender.join()


def test_an_upgraded_connection_works_in_both_directions_after_a_pause(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    with socket.create_connection((HOST, 8000), timeout=5) as client:
        server, _ = listener.accept()
        server.settimeout(5)
        client.sendall(b"GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert server.recv(999).endswith(b"\r\n\r\n")
        server.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        assert client.recv(999).startswith(b"HTTP/1.1 101")
        time.sleep(3)
        server.sendall(b"\x81\x05hello")
        assert client.recv(99) == b"\x81\x05hello"
        client.sendall(b"\x81\x82\0\0\0\0hi")
        assert server.recv(99) == b"\x81\x82\0\0\0\0hi"
        server.close()


def test_the_client_can_still_send_after_the_server_half_closed(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    with socket.create_connection((HOST, 8000), timeout=5) as client:
        server, _ = listener.accept()
        server.settimeout(5)
        server.sendall(b"greeting")
        server.shutdown(socket.SHUT_WR)
        assert _received(client) == b"greeting"
        client.sendall(b"late")
        client.close()
        assert _received(server) == b"late"
        server.close()


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_by_one_side_reaches_the_other(node: Node, forwarder: Forwarder, who: str) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    client = socket.create_connection((HOST, 8000), timeout=5)
    server, _ = listener.accept()
    server.settimeout(5)
    breaks, notices = (client, server) if who == "client" else (server, client)
    breaks.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    breaks.close()
    with pytest.raises(ConnectionResetError), notices:
        notices.recv(1)


def test_a_reset_reaches_the_server_on_a_half_closed_connection(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    client = socket.create_connection((HOST, 8000), timeout=5)
    server, _ = listener.accept()
    server.settimeout(5)
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()
    poll = select.poll()
    poll.register(server, 0)  # errors are always reported
    assert poll.poll(5000), "the reset never reached the server"
    server.close()


@pytest.mark.fault("The backend of a load balancer is gone", "The connection is reset at once")
def test_a_dead_backend_resets_the_connection_at_once(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    listener.close()
    forwarder.forward((8000, "TCP", port))
    started = time.monotonic()
    with pytest.raises(ConnectionResetError), socket.create_connection((HOST, 8000), timeout=5) as client:
        client.recv(1)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(("client_address", "seen"), [("127.0.0.1", "10.127.0.1"), ("127.3.4.5", "10.127.4.5")])
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_the_backend_sees_the_address_of_the_client(
    node: Node, forwarder: Forwarder, client_address: str, seen: str, kind: socket.SocketKind
) -> None:
    listener, port = node.listen(kind)
    forwarder.forward((8000, "TCP" if kind == socket.SOCK_STREAM else "UDP", port))
    with socket.socket(socket.AF_INET, kind) as client:
        client.bind((client_address, 0))
        client.connect((HOST, 8000))
        client.send(b"hello")
        caller = (listener.accept() if kind == socket.SOCK_STREAM else listener.recvfrom(99))[1]
    assert caller[0] == seen


def test_two_udp_clients_get_their_own_replies(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen(socket.SOCK_DGRAM)
    forwarder.forward((8000, "UDP", port))
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for client, question in ((one, b"one"), (two, b"two" * 20_000)):
            client.settimeout(5)
            client.sendto(question, (HOST, 8000))
        heard = [listener.recvfrom(65535) for _ in range(2)]
        for question, caller in reversed(heard):
            listener.sendto(b"re: " + question, caller)
        assert one.recvfrom(65535) == (b"re: one", (HOST, 8000))
        assert two.recvfrom(65535) == (b"re: " + b"two" * 20_000, (HOST, 8000))


def test_changes_to_other_ports_keep_open_connections(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    other, other_port = node.listen()
    forwarder.forward((8000, "TCP", port))
    with socket.create_connection((HOST, 8000), timeout=5) as client:
        server, _ = listener.accept()
        forwarder.forward((8000, "TCP", other_port), (8001, "TCP", other_port), (8001, "UDP", other_port))
        client.sendall(b"still")
        assert server.recv(9) == b"still"
        with socket.create_connection((HOST, 8000), timeout=5):
            other.accept()[0].close()
        forwarder.forward((8001, "TCP", other_port))
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, 8000), timeout=5)


@pytest.mark.fault(
    "Another process uses the port of a load balancer", "It is named, and the port is served once it is free"
)
def test_a_port_in_use_names_its_owner_and_is_served_once_it_is_free(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    with socket.socket() as squatter:
        squatter.bind(("", 8003))  # every address
        squatter.listen()
        [error] = forwarder.forward((8003, "TCP", port))
        assert error is not None
        assert f"TCP port 8003 of {HOST} is in use by pid {os.getpid()} (" in error
        assert "pytest" in error
    assert forwarder.forward((8003, "TCP", port)) == [None]
    with socket.create_connection((HOST, 8003), timeout=5):
        listener.accept()[0].close()


def test_a_low_port_without_permission_is_served_on_a_high_one(node: Node) -> None:
    listener, port = node.listen()
    limited = Forwarder(node.outside_path, "setpriv", "--bounding-set", "-net_bind_service", "--inh-caps", "-all")
    try:
        [error] = limited.forward((81, "TCP", port))
        assert error is not None
        assert "No permission to listen on TCP port 81" in error
        assert "Port 8081 serves it instead" in error
        with socket.create_connection((HOST, 8081), timeout=5):
            listener.accept()[0].close()
    finally:
        limited.end()


@pytest.mark.fault("Ten thousand connections come and go", "No descriptor and no memory is lost")
def test_ten_thousand_connections_leak_no_descriptors_and_no_memory(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    _serve(listener, lambda connection: connection.sendall(connection.recv(1)))

    def call(times: int) -> None:
        for turn in range(times):
            with socket.create_connection((HOST, 8000), timeout=5) as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
                if turn % 10 == 0:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    call(500)
    before, memory = forwarder.settled_descriptors(), forwarder.memory_kib()
    call(10_000)
    assert forwarder.settled_descriptors() == before
    assert forwarder.memory_kib() - memory < 2048
    listener.close()


def test_two_thousand_concurrent_connections_get_their_own_bytes(node: Node, forwarder: Forwarder) -> None:
    listener, port = node.listen()
    forwarder.forward((8000, "TCP", port))
    clients = [socket.create_connection((HOST, 8000), timeout=20) for _ in range(2000)]
    servers = [listener.accept()[0] for _ in clients]
    for server in servers:
        server.settimeout(20)
    for number, client in enumerate(clients):
        client.sendall(number.to_bytes(4))
    by_number = {int.from_bytes(server.recv(4)): server for server in servers}
    assert len(by_number) == 2000
    for number, server in by_number.items():
        server.sendall(number.to_bytes(4))
    for number, client in enumerate(clients):
        assert int.from_bytes(client.recv(4)) == number
    for stream in (*clients, *servers):
        stream.close()


class RunningCluster(Protocol):
    """The part of the test cluster that these tests use."""

    kubeconfig: Path
    first_address: str

    def restart(self) -> None:
        """Stop the cluster, keep its data, and start it again."""
        ...


@pytest.fixture
def notes(cluster: RunningCluster) -> Iterator["Notes"]:
    """The chat's api with its messages on a volume, behind two load balancers."""
    notes = Notes(cluster)
    try:
        notes.kubectl("apply", "-f", "-", given=NOTES)
        yield notes
    finally:
        notes.kubectl("delete", "namespace", "cloud-test", "--ignore-not-found", "--timeout=60s")


class Notes:
    def __init__(self, cluster: RunningCluster) -> None:
        self._cluster = cluster

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        command = [str(VENV / "bin" / "kubectl"), "--kubeconfig", str(self._cluster.kubeconfig), *arguments]
        return subprocess.run(command, input=given, text=True, check=True, capture_output=True).stdout

    def address_of(self, service: str) -> str:
        path = "jsonpath={.status.loadBalancer.ingress[0].ip}"
        self.kubectl("wait", f"--for={path}", "service", service, "-n", "cloud-test", "--timeout=10s")
        return self.kubectl("get", "service", service, "-n", "cloud-test", "-o", path)

    def wait_until_served(self) -> None:
        self.kubectl("rollout", "status", "deployment/notes", "-n", "cloud-test", "--timeout=60s")

    def messages(self, address: str) -> list[str]:
        """Read the messages; retry while kube-proxy does not know the new pod yet."""
        deadline = time.monotonic() + 20
        while True:
            try:
                answer = httpx.get(f"http://{address}/messages", trust_env=False)
                return [message["Text"] for message in answer.json() or []]
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def post(self, address: str, text: str) -> None:
        message = {"AuthorUsername": "tester", "Text": text}
        assert httpx.post(f"http://{address}/messages", json=message, trust_env=False).status_code == 201


NOTES = """
apiVersion: v1
kind: Namespace
metadata: {name: cloud-test}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: notes, namespace: cloud-test}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: notes, namespace: cloud-test}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: notes}}
  template:
    metadata: {labels: {app: notes}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001}
      containers:
      - name: api
        image: docker.io/bootdotdev/synergychat-api:latest
        imagePullPolicy: Never
        env: [{name: API_PORT, value: "8080"}, {name: API_DB_FILEPATH, value: /data/messages.json}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: notes}}]
---
apiVersion: v1
kind: Service
metadata: {name: one, namespace: cloud-test}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: notes}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: two, namespace: cloud-test}
spec: {type: LoadBalancer, selector: {app: notes}, ports: [{port: 80, targetPort: 8080}]}
"""


def test_two_load_balancers_serve_the_same_port_on_different_addresses(cluster: RunningCluster, notes: Notes) -> None:
    one, two = notes.address_of("one"), notes.address_of("two")
    block = cluster.first_address.rsplit(".", 1)[0]
    assert one != two
    assert one.rsplit(".", 1)[0] == two.rsplit(".", 1)[0] == block
    notes.wait_until_served()
    notes.messages(one)
    notes.post(one, "hello")
    assert notes.messages(two) == ["hello"]


def test_a_changed_port_is_served_and_a_deleted_service_is_not(notes: Notes) -> None:
    one, two = notes.address_of("one"), notes.address_of("two")
    notes.wait_until_served()
    notes.messages(one)
    change = '[{"op": "replace", "path": "/spec/ports/0/port", "value": 81}]'
    notes.kubectl("patch", "service", "one", "-n", "cloud-test", "--type=json", "-p", change)
    assert notes.messages(f"{one}:81") == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((one, 80), timeout=5)
    notes.kubectl("delete", "service", "two", "-n", "cloud-test")
    wait_until(lambda: _refuses(two, 80), patience_s=10)


def test_a_volume_survives_its_pod_and_a_restart_and_is_deleted_with_its_claim(
    cluster: RunningCluster, notes: Notes
) -> None:
    one, two = notes.address_of("one"), notes.address_of("two")
    notes.wait_until_served()
    notes.messages(one)
    notes.post(one, "remember")
    volume = notes.kubectl("get", "pvc", "notes", "-n", "cloud-test", "-o", "jsonpath={.spec.volumeName}")
    directory = Path(notes.kubectl("get", "pv", volume, "-o", "jsonpath={.spec.local.path}"))
    notes.kubectl("delete", "pod", "-l", "app=notes", "-n", "cloud-test")
    notes.wait_until_served()
    assert notes.messages(one) == ["remember"]

    cluster.restart()
    notes.wait_until_served()
    assert (notes.address_of("one"), notes.address_of("two")) == (one, two)
    assert notes.messages(two) == ["remember"]

    assert directory.exists()
    notes.kubectl("delete", "namespace", "cloud-test", "--timeout=60s")
    notes.kubectl("wait", "--for=delete", "pv", volume, "--timeout=20s")
    assert not directory.exists()


def _refuses(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False
