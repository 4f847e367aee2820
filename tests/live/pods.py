"""Connections from and to pods, with sockets of the tests, so that pods need no client or shell."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.cluster import cgroups
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.directory import Directory
from local.cluster.settings import Settings

_ANY = "0.0.0.0"  # noqa: S104 - of a pod's own network
# Before a client sends its first packet once more.
_PATIENCE_S = 0.8


class PodNetworks:
    """The networks of a local cluster's pods. A pod is named as its object is, or by how that name begins."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    @contextmanager
    def listening(self, pod: str, port: int) -> Iterator[None]:
        with listening(f"/proc/{self.pid(pod)}/ns/net", _ANY, port):
            yield

    def connects(self, pod: str, address: str, port: int) -> bool:
        """Whether somebody answers. To a connection that a policy refuses nobody does."""
        with _socket(f"/proc/{self.pid(pod)}/ns/net") as client:
            client.settimeout(_PATIENCE_S)
            try:
                client.connect((address, port))
            except TimeoutError:
                return False
            return True

    def pid(self, pod: str) -> int:
        """The first process of the pod: later ones may be a probe's, which ends while it is looked at."""
        named = f"HOSTNAME={pod}".encode()
        settings = Settings.kept(self._directory)
        assert settings is not None
        processes = cgroups.processes(settings.cgroup, of_pods=True)
        return min(pid for pid in processes if any(variable.startswith(named) for variable in _environment(pid)))


def _environment(pid: int) -> list[bytes]:
    """Nothing of a process that has ended."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


@contextmanager
def listening(network: str, address: str, port: int) -> Iterator[None]:
    """Listen in the network namespace at the path `network`."""
    with _socket(network) as listener:
        listener.bind((address, port))
        listener.listen()
        yield


def _socket(network: str) -> socket.socket:
    namespace = NetworkNamespace(network)
    try:
        return namespace.socket(socket.SOCK_STREAM, _ANY)
    finally:
        namespace.close()
