"""Sockets made in another network namespace, and the source address that a client has there."""

import ctypes
import os
import socket
from ipaddress import IPv4Address

_CLONE_NEWNET = 0x40000000
_LOOPBACK = int(IPv4Address("127.0.0.0"))
_STAND_IN = int(IPv4Address("10.127.0.0"))
_IP_TRANSPARENT = 19
_IP_BIND_ADDRESS_NO_PORT = 24
_libc = ctypes.CDLL(None, use_errno=True)


class NetworkNamespace:
    """A network namespace, kept open by its path such as /proc/<pid>/ns/net. OSError when it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def socket(self, kind: socket.SocketKind, source: str) -> socket.socket:
        """A non-blocking IPv4 socket in this namespace, bound to the address `source`, which need not exist there.

        The calling thread is in the namespace for the one system call that makes the socket; a socket stays
        where it was made.
        """
        _enter(self._there)
        try:
            made = socket.socket(socket.AF_INET, kind)
        finally:
            _enter(self._home)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
            # The port is chosen when connecting, so that one source address has 64k ports per destination, not in all.
            made.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((source, 0))
        except OSError:
            made.close()
            raise
        return made

    def close(self) -> None:
        os.close(self._there)
        os.close(self._home)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")


def seen_as(client: str) -> str:
    """The address under which pods see a client of the host: 10.127.b.c for 127.a.b.c, any other as it is.

    A pod could never answer 127/8: it would answer itself.
    """
    address = int(IPv4Address(client))
    if address >> 24 != 127:
        return client
    return str(IPv4Address(_STAND_IN | (address - _LOOPBACK) & 0xFFFF))
