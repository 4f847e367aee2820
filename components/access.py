"""Access: URLs, lines for a hosts file and commands to try, by which clients reach the chat."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi

_PROBES = {"api": "/healthz"}
"""Path to try, for workloads that do not answer at the root."""
_HOSTS_FILES = {"linuxAndMacOS": "/etc/hosts", "windows": r"C:\Windows\System32\drivers\etc\hosts"}


@dataclass(frozen=True)
class Access:
    """Ways to reach the workloads. `urls` are by workload, `address` is the Gateway's IP address or host name."""

    urls: Mapping[str, str]
    address: pulumi.Output[str]
    is_self_signed: bool
    """Whether clients do not trust the certificates by default."""

    @property
    def hosts_lines(self) -> pulumi.Output[dict[str, dict[str, str]]]:
        """Lines for the hosts file of each operating system."""
        return self.address.apply(lambda address: hosts_lines(self.urls, address))

    @property
    def try_it(self) -> pulumi.Output[dict[str, str]]:
        """A command for each workload."""
        return self.address.apply(lambda address: try_it(self.urls, address, is_self_signed=self.is_self_signed))


def hosts_lines(urls: Mapping[str, str], address: str) -> dict[str, dict[str, str]]:
    """The hosts file of each operating system, and the lines to add; no lines for a host name, which needs DNS."""
    hosts = dict.fromkeys(urlsplit(url).hostname for url in urls.values())
    lines = "\n".join(f"{address} {host}" for host in hosts) if _is_ip(address) else ""
    return {system: {"file": file, "lines": lines} for system, file in _HOSTS_FILES.items()}


def try_it(urls: Mapping[str, str], address: str, *, is_self_signed: bool) -> dict[str, str]:
    """A command for each workload that works without a hosts file and DNS."""
    curl = "curl --insecure" if is_self_signed else "curl"
    return {name: f"{curl} {_route_to(url, address)} {url}{_PROBES.get(name, '/')}" for name, url in urls.items()}


def _route_to(url: str, address: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    target = f"{parts.hostname}:{port}"
    if not _is_ip(address):
        return f"--connect-to {target}:{address}:{port}"
    return f"--resolve {target}:{f'[{address}]' if ':' in address else address}"


def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
