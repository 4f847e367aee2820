"""Listening ports of the host: open one on loopback, or name the process that has it already."""

import errno
import socket
from ipaddress import IPv4Address
from pathlib import Path

from local.errors import UserError

_KINDS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
_BACKLOG = 1024
_LONGEST_COMMAND = 120
_TCP_LISTEN = "0A"
_ANY = ("00000000", "0" * 32)


class PermissionDenied(UserError):
    """A port below 1024, on which this process is not allowed to listen."""


def listen(protocol: str, address: str, port: int) -> socket.socket:
    """Open a non-blocking socket on a loopback address. UserError names the port's owner or the missing permission."""
    listener = socket.socket(socket.AF_INET, _KINDS[protocol])
    try:
        listener.setblocking(False)
        if protocol == "TCP":
            # Connections of an earlier process may still be closing. (For UDP, this option would share the port.)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        if protocol == "TCP":
            listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _user_error(error, protocol, address, port) from error
    return listener


def _user_error(error: OSError, protocol: str, address: str, port: int) -> UserError:
    if error.errno == errno.EADDRINUSE:
        owner = owner_of(protocol, address, port) or "a process that this user cannot see"
        return UserError(
            f"{protocol} port {port} of {address} is in use by {owner}.",
            "Stop that process or change its port. This port is opened within seconds after it becomes free.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip()
        return PermissionDenied(
            f"No permission to listen on {protocol} port {port} of {address}: "
            f"ports below {first} need the capability CAP_NET_BIND_SERVICE.",
            "Run the cluster as a root user that has this capability.",
        )
    return UserError(f"{protocol} port {port} of {address} cannot be opened: {error.strerror}.")


def owner_of(protocol: str, address: str, port: int) -> str | None:
    """Name the process that uses `port` of `address`, as `pid 123 (nginx -g daemon off;)`. None if it is free.

    Listeners on wildcard addresses count, IPv6 included. Processes whose descriptors are unreadable are not found.
    """
    inodes = _bound_sockets(protocol.lower(), address, port)
    if not inodes:
        return None
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
                return f"pid {process.name} ({' '.join(words)[:_LONGEST_COMMAND]})"
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
    return None


def _bound_sockets(protocol: str, address: str, port: int) -> set[str]:
    """Find the sockets that use the port, as the targets of /proc/<pid>/fd links: socket:[4711]."""
    here = IPv4Address(address).packed[::-1].hex().upper()
    holders = (here, "0000000000000000FFFF0000" + here, *_ANY)
    found: set[str] = set()
    for table in (Path("/proc/net") / protocol, Path("/proc/net") / f"{protocol}6"):
        if not table.exists():
            continue  # a kernel without IPv6
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            bound_address, bound_port = fields[1].split(":")
            if int(bound_port, 16) != port or bound_address not in holders:
                continue
            if protocol == "udp" or fields[3] == _TCP_LISTEN:
                found.add(f"socket:[{fields[9]}]")
    return found
