"""Sockets created in another network namespace, and the source address that a client gets there."""

import os
import socket
from ipaddress import IPv4Address

from local.cluster import kernel

_LOOPBACK = int(IPv4Address("127.0.0.0"))
_STAND_IN = int(IPv4Address("10.127.0.0"))
_IP_TRANSPARENT = 19
_IP_BIND_ADDRESS_NO_PORT = 24


class NetworkNamespace:
    """A network namespace, held open by its path, for example /proc/<pid>/ns/net. OSError if it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def socket(self, kind: socket.SocketKind, source: str) -> socket.socket:
        """Create a non-blocking IPv4 socket in this namespace, bound to `source`, an address that need not exist there.

        The calling thread enters the namespace only for the system call that creates the socket. A socket stays in
        the namespace where it was created.
        """
        kernel.setns(self._there, kernel.NEW_NET)
        try:
            made = socket.socket(socket.AF_INET, kind)
        finally:
            kernel.setns(self._home, kernel.NEW_NET)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
            # Choose the port on connect: a source address then has 64k ports per destination instead of 64k in all.
            made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((source, 0))
        except OSError:
            made.close()
            raise
        return made

    def close(self) -> None:
        os.close(self._there)
        os.close(self._home)


def seen_as(client: str) -> str:
    """Return the source address that pods see for a client of the host: 10.127.b.c for 127.a.b.c, any other unchanged.

    A pod cannot reply to 127.0.0.0/8: that is its own loopback.
    """
    address = int(IPv4Address(client))
    if address >> 24 != 127:
        return client
    return str(IPv4Address(_STAND_IN | (address - _LOOPBACK) & 0xFFFF))
