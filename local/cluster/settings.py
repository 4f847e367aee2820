"""The settings of a cluster, fixed at its first start: its port, addresses and cgroup on the host."""

import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from kube.atomic_write import write_whole
from local.cluster.directory import DEFAULT_NAME, Directory
from local.errors import UserError

_LOOPBACK = IPv4Network("127.0.0.0/8")
_CGROUP = re.compile(r"synergychat-[a-z0-9-]+")


def _new_cgroup() -> str:
    return f"synergychat-{secrets.token_hex(6)}"


@dataclass(frozen=True)
class Settings:
    """`api_port` is a port of 127.0.0.1; `first_address` is the first loopback address for load balancers.

    `cgroup` is random: two containers that share the host's cgroup file system may have clusters at the same path.
    """

    api_port: int = 6443
    first_address: str = "127.0.0.1"
    cgroup: str = field(default_factory=_new_cgroup)

    def __post_init__(self) -> None:
        if not 1 <= self.api_port <= 65535:
            raise UserError(
                f"The API port {self.api_port} is out of range.", "Set --api-port to a value from 1 to 65535."
            )
        try:
            on_loopback = IPv4Address(self.first_address) in _LOOPBACK
        except AddressValueError:
            on_loopback = False
        if not on_loopback:
            raise UserError(
                f"The first LoadBalancer address {self.first_address!r} is not a loopback address.",
                "Set --first-address to an address of 127.0.0.0/8.",
            )
        if not _CGROUP.fullmatch(self.cgroup):
            raise ValueError(f"{self.cgroup!r} is not a cgroup of a cluster")

    @classmethod
    def of(cls, directory: Directory, api_port: int | None, first_address: str | None) -> "Settings":
        """Return the stored settings, else new ones from the arguments. UserError if the two differ."""
        arguments = {"api_port": api_port, "first_address": first_address}
        given = {name: value for name, value in arguments.items() if value is not None}
        kept = cls.kept(directory)
        if kept is None:
            return cls(**given)  # pyright: ignore[reportArgumentType] - each value has its field's type
        differing = {name: value for name, value in given.items() if asdict(kept)[name] != value}
        if differing:
            name, value = next(iter(differing.items()))
            flag = f"--{name.replace('_', '-')}"
            raise UserError(
                f"The cluster {directory.name} was created with {name} {asdict(kept)[name]}, not {value}.",
                f"Omit {flag}, or delete the cluster first: python -m local.cluster {name_flag(directory)}down --purge",
            )
        return kept

    def keep(self, directory: Directory) -> None:
        """Store the settings for all later starts."""
        write_whole(directory.settings, json.dumps(asdict(self)))

    @classmethod
    def kept(cls, directory: Directory) -> "Settings | None":
        """Read the stored settings. None before the first start."""
        try:
            return cls(**json.loads(directory.settings.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise UserError(
                f"The settings file {directory.settings} is damaged: {error}.",
                f"Delete that file, then set the ports again: python -m local.cluster {name_flag(directory)}up",
            ) from error


def name_flag(directory: Directory) -> str:
    """Return the command-line flag that selects this cluster, empty for the default one."""
    return "" if directory.name == DEFAULT_NAME else f"--name {directory.name} "
