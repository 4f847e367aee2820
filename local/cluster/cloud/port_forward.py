"""Port forwards: one listening address and port of the host, connected to one port of the node."""

import asyncio
import logging
import socket
import time
from typing import Protocol

from local.cluster.cloud.netns import NetworkNamespace, seen_as
from local.cluster.cloud.relay import RESET_ON_CLOSE, Connection, Relay, keep_alive

_ACCEPT_AT_ONCE = 64
_DATAGRAMS_AT_ONCE = 64
_MAX_DATAGRAM = 65_535
_ACCEPT_PAUSE_S = 0.2
_CLIENTS_PER_PORT = 1024
_CLIENT_IDLE_S = 120.0
log = logging.getLogger(__name__)


class PortForward(Protocol):
    """A listening socket whose clients are connected to `target`."""

    target: tuple[str, int]

    def retarget(self, target: tuple[str, int]) -> None: ...

    def close(self) -> None: ...


class TcpForward:
    """Accept clients of `listener` and connect each to `target` from the namespace `outside`, under its own address."""

    def __init__(
        self, relay: Relay, outside: NetworkNamespace, listener: socket.socket, target: tuple[str, int]
    ) -> None:
        self.target = target
        self._relay = relay
        self._outside = outside
        self._listener = listener
        self._connections: set[Connection] = set()
        self._loop = asyncio.get_running_loop()
        keep_alive(listener)  # accepted sockets inherit it
        self._loop.add_reader(listener, self._accept)

    def retarget(self, target: tuple[str, int]) -> None:
        """Connect new clients to `target`. Open connections stay as they are."""
        self.target = target

    def close(self) -> None:
        """Stop listening and reset every open connection."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for connection in list(self._connections):
            self._relay.abort(connection)

    def _accept(self) -> None:
        for _ in range(_ACCEPT_AT_ONCE):
            try:
                client, (address, _) = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            self._join(client, address)

    def _join(self, client: socket.socket, address: str) -> None:
        client.setblocking(False)
        try:
            server = self._outside.socket(socket.SOCK_STREAM, seen_as(address))
        except OSError as error:
            log.warning("a connection from %s to %s:%d was reset: %s", address, *self.target, error)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            client.close()
            return
        connection = self._relay.connect(client, server, self.target, self._connections.discard)
        if client.fileno() >= 0:
            self._connections.add(connection)

    def _pause(self, error: OSError) -> None:
        """Stop accepting for a moment, for example when file descriptors run out. Clients wait in the backlog."""
        log.warning(
            "%d connections to %s:%d are open; new ones have to wait: %s", len(self._connections), *self.target, error
        )
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_ACCEPT_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)


class UdpForward:
    """Forward the datagrams of each client of `listener` through its own socket, so that replies reach that client.

    A client's socket is closed after two idle minutes, or when 1024 other clients have been active since.
    """

    def __init__(self, outside: NetworkNamespace, listener: socket.socket, target: tuple[str, int]) -> None:
        self.target = target
        self._outside = outside
        self._listener = listener
        self._onward: dict[tuple[str, int], tuple[socket.socket, float]] = {}  # least recently active first
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listener, self._receive)
        self._sweep = self._loop.call_later(_CLIENT_IDLE_S, self._forget_idle)

    def retarget(self, target: tuple[str, int]) -> None:
        self.target = target
        self._forget_all()

    def close(self) -> None:
        self._sweep.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._forget_all()

    def _receive(self) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                datagram, client = self._listener.recvfrom(_MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # for example, an earlier reply could not be delivered
            try:
                self._onward_socket(client).send(datagram)
            except OSError as error:
                # UDP does not guarantee delivery: the client notices by its own timeout.
                log.debug("a datagram from %s to %s:%d was dropped: %s", client[0], *self.target, error)

    def _onward_socket(self, client: tuple[str, int]) -> socket.socket:
        known = self._onward.pop(client, None)
        if known is not None:
            onward = known[0]
        else:
            if len(self._onward) >= _CLIENTS_PER_PORT:
                self._forget(next(iter(self._onward)))
            onward = self._outside.socket(socket.SOCK_DGRAM, seen_as(client[0]))
            onward.connect(self.target)
            self._loop.add_reader(onward, self._reply, onward, client)
        self._onward[client] = (onward, time.monotonic())
        return onward

    def _reply(self, onward: socket.socket, client: tuple[str, int]) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                datagram = onward.recv(_MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                return  # nothing listens on the node's port, and UDP cannot report that to the client
            try:
                self._listener.sendto(datagram, client)
            except OSError as error:
                log.debug("a reply to %s:%d was dropped: %s", *client, error)

    def _forget(self, client: tuple[str, int]) -> None:
        onward, _ = self._onward.pop(client)
        self._loop.remove_reader(onward)
        onward.close()

    def _forget_all(self) -> None:
        for client in list(self._onward):
            self._forget(client)

    def _forget_idle(self) -> None:
        now = time.monotonic()
        for client, (_, last_active) in list(self._onward.items()):
            if now - last_active < _CLIENT_IDLE_S:
                break
            self._forget(client)
        self._sweep = self._loop.call_later(_CLIENT_IDLE_S / 4, self._forget_idle)
