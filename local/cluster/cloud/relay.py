"""A TCP relay: two connections behave as one for both ends, including half-close, reset and back-pressure.

It uses one epoll for all connections instead of asyncio's transports. epoll reports a reset even while the connection
is not being read. One shared buffer is enough: data is sent at once, and only what did not fit is kept per connection.
"""

import asyncio
import select
import socket
import struct
from collections.abc import Callable

_AT_ONCE = 256 * 1024
_CONNECT_ATTEMPTS = 2  # SYNs after 1 s and 3 s, then give up after 7 s
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Side:
    """One of the two sockets of a connection, with the data that it could not take yet (`rest`)."""

    __slots__ = ("connected", "connection", "descriptor", "ended", "mask", "peer", "reading", "rest", "stream")
    peer: "_Side"

    def __init__(self, connection: "Connection", stream: socket.socket, connected: bool) -> None:
        self.connection = connection
        self.stream = stream
        self.descriptor = stream.fileno()
        self.connected = connected
        self.reading = False
        self.ended = False
        self.rest = memoryview(b"")
        self.mask: int | None = None


class Connection:
    """The connection of a client, and the one to the server that was opened for it."""

    __slots__ = ("client", "on_end", "server")

    def __init__(self, client: socket.socket, server: socket.socket, on_end: Callable[["Connection"], object]) -> None:
        self.client = _Side(self, client, connected=True)
        self.server = _Side(self, server, connected=False)
        self.client.peer, self.server.peer = self.server, self.client
        self.on_end = on_end


class Relay:
    """All connections of the process. Memory per connection is bounded: a side is read only while its peer has room."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._sides: dict[int, _Side] = {}
        self._buffer = memoryview(bytearray(_AT_ONCE))
        loop.add_reader(self._epoll.fileno(), self._serve_ready)

    def close(self) -> None:
        for connection in {side.connection for side in self._sides.values()}:
            self.abort(connection)
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def connect(
        self,
        client: socket.socket,
        server: socket.socket,
        target: tuple[str, int],
        on_end: Callable[[Connection], object],
    ) -> Connection:
        """Connect `server` to `target` and relay between it and `client`. Owns both sockets and calls `on_end` once."""
        connection = Connection(client, server, on_end)
        try:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, _CONNECT_ATTEMPTS)
            keep_alive(server)
            server.connect(target)
        except BlockingIOError:
            pass  # the connection is being established
        except OSError:
            self.abort(connection)
            return connection
        for side in (connection.client, connection.server):
            self._sides[side.descriptor] = side
        self._watch(connection.client)
        self._watch(connection.server)
        return connection

    def abort(self, connection: Connection) -> None:
        """Reset both sides, as an error would reset a direct connection."""
        for side in (connection.client, connection.server):
            if side.stream.fileno() >= 0:
                side.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        for side in (connection.client, connection.server):
            if self._sides.get(side.descriptor) is side:
                del self._sides[side.descriptor]
            side.stream.close()
        connection.on_end(connection)

    def _watch(self, side: _Side) -> None:
        """Register for the events that this side needs now. epoll always reports errors."""
        wanted = select.EPOLLIN if side.reading else 0
        if side.rest or not side.connected:
            wanted |= select.EPOLLOUT
        if side.mask is None:
            self._epoll.register(side.descriptor, wanted)
        elif side.mask != wanted:
            self._epoll.modify(side.descriptor, wanted)
        side.mask = wanted

    def _unwatch(self, side: _Side) -> None:
        if side.mask is not None:
            self._epoll.unregister(side.descriptor)
            side.mask = None

    def _serve_ready(self) -> None:
        for descriptor, events in self._epoll.poll(0, 256):
            # An earlier event of this batch may have closed this side.
            if (side := self._sides.get(descriptor)) is not None:
                try:
                    self._serve(side, events)
                except OSError:
                    self.abort(side.connection)

    def _serve(self, side: _Side, events: int) -> None:
        if not side.connected:
            self._finish_connect(side)
        elif events & select.EPOLLOUT and side.rest:
            self._write_rest(side)
        elif events & select.EPOLLIN and side.reading:
            self._read(side)
        elif events & select.EPOLLERR:
            self.abort(side.connection)
        elif events & select.EPOLLHUP:
            # Both directions are closed, but bytes may still be unread: ignore events until reading continues.
            self._unwatch(side)

    def _finish_connect(self, server: _Side) -> None:
        if server.stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.abort(server.connection)
            return
        server.connected = True
        for side in (server, server.peer):
            side.reading = True
            self._watch(side)

    def _read(self, side: _Side) -> None:
        try:
            count = side.stream.recv_into(self._buffer)
        except BlockingIOError:
            return
        if count == 0:
            side.ended = True
            side.reading = False
            self._watch(side)
            self._forward_end(side)
            return
        try:
            sent = side.peer.stream.send(self._buffer[:count])
        except BlockingIOError:
            sent = 0
        if sent < count:
            side.peer.rest = memoryview(bytes(self._buffer[sent:count]))
            side.reading = False
            self._watch(side)
            self._watch(side.peer)

    def _write_rest(self, side: _Side) -> None:
        try:
            sent = side.stream.send(side.rest)
        except BlockingIOError:
            return
        side.rest = side.rest[sent:]
        if side.rest:
            return
        self._watch(side)
        if side.peer.ended:
            self._forward_end(side.peer)
        else:
            side.peer.reading = True
            self._watch(side.peer)

    def _forward_end(self, side: _Side) -> None:
        """Half-close the other side once it has all bytes. Its own bytes still flow."""
        if side.peer.rest:
            return
        side.peer.stream.shutdown(socket.SHUT_WR)
        if side.peer.ended and not side.rest:
            self._close(side.connection)


def keep_alive(stream: socket.socket) -> None:
    """Set keepalive, which detects a vanished peer after about two minutes, and send small writes at once."""
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
