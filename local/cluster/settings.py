"""What a cluster is given at its first start and keeps: its ports and addresses on the host."""

import json
from dataclasses import asdict, dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from local.cluster.directory import DEFAULT_NAME, Directory
from local.errors import UserError
from local.files import write_whole

_LOOPBACK = IPv4Network("127.0.0.0/8")


@dataclass(frozen=True)
class Settings:
    """`api_port` on 127.0.0.1; `first_address` is the first of the LoadBalancer addresses, on loopback."""

    api_port: int = 6443
    first_address: str = "127.0.0.1"

    def __post_init__(self) -> None:
        if not 1 <= self.api_port <= 65535:
            raise UserError(f"The API port {self.api_port} is none: use 1 to 65535.")
        try:
            on_loopback = IPv4Address(self.first_address) in _LOOPBACK
        except AddressValueError:
            on_loopback = False
        if not on_loopback:
            raise UserError(f"The first LoadBalancer address {self.first_address} is not one of 127.0.0.0/8.")

    @classmethod
    def of(cls, directory: Directory, api_port: int | None, first_address: str | None) -> "Settings":
        """The kept settings, else those given here. UserError where both are there and differ."""
        asked = {"api_port": api_port, "first_address": first_address}
        given = {name: value for name, value in asked.items() if value is not None}
        kept = cls.kept(directory)
        if kept is None:
            return cls(**given)  # pyright: ignore[reportArgumentType] - each value has its field's type
        differing = {name: value for name, value in given.items() if asdict(kept)[name] != value}
        if differing:
            name, value = next(iter(differing.items()))
            raise UserError(
                f"The cluster {directory.name} was made with {name} {asdict(kept)[name]}, not {value}.",
                f"Leave it out, or make the cluster anew: python -m local.cluster {named(directory)}down --purge",
            )
        return kept

    def keep(self, directory: Directory) -> None:
        """Have every later start take these."""
        write_whole(directory.settings, json.dumps(asdict(self)))

    @classmethod
    def kept(cls, directory: Directory) -> "Settings | None":
        try:
            return cls(**json.loads(directory.settings.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise UserError(
                f"{directory.settings} cannot be read: {error}.",
                f"Delete that file, then name the cluster's ports again: python -m local.cluster {named(directory)}up",
            ) from error


def named(directory: Directory) -> str:
    """The flag that names this cluster in a command to type, empty for the default one."""
    return "" if directory.name == DEFAULT_NAME else f"--name {directory.name} "
