"""Listening ports of this machine: opening them on loopback, and saying who has one that cannot be opened."""

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


class NoRight(UserError):
    """This process may not listen on ports as low as this one."""


def listen(protocol: str, address: str, port: int) -> socket.socket:
    """A non-blocking socket bound to a loopback address. UserError names the port's owner, or the missing right."""
    listener = socket.socket(socket.AF_INET, _KINDS[protocol])
    try:
        listener.setblocking(False)
        if protocol == "TCP":
            # Connections of an earlier process may still be closing. (For UDP it would mean to share the port.)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        if protocol == "TCP":
            listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _explained(error, protocol, address, port) from error
    return listener


def _explained(error: OSError, protocol: str, address: str, port: int) -> UserError:
    if error.errno == errno.EADDRINUSE:
        owner = owner_of(protocol, address, port) or "a process that is not visible from here"
        return UserError(
            f"{protocol} port {port} of {address} is taken by {owner}.",
            "Stop that process or let it use another port; this one is taken over within seconds of getting free.",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip()
        return NoRight(
            f"No right to listen on {protocol} port {port} of {address}: ports below {first} need a right for it.",
            "Run the cluster as root with CAP_NET_BIND_SERVICE.",
        )
    return UserError(f"{protocol} port {port} of {address} cannot be listened on: {error.strerror}.")


def owner_of(protocol: str, address: str, port: int) -> str | None:
    """`pid 123 (nginx -g daemon off;)` of the process that keeps `address` from using `port`, None when there is none.

    Wildcard addresses count, IPv6's too. Processes whose descriptors may not be read are not found.
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
            continue  # ended meanwhile, or not ours to look into
    return None


def _bound_sockets(protocol: str, address: str, port: int) -> set[str]:
    """The links /proc/<pid>/fd/<n> of sockets that hold the port, such as socket:[4711]."""
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
