"""How the chat is reached once it runs: its URLs, the lines for a hosts file, commands to try."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi

# At its root the API has nothing.
_ANSWERING = {"api": "/healthz"}
_HOSTS_FILES = {"linuxAndMacOS": "/etc/hosts", "windows": r"C:\Windows\System32\drivers\etc\hosts"}


@dataclass(frozen=True, kw_only=True)
class Access:
    """`urls` are the apps' by name; `address` is the Gateway's IP address or host name."""

    urls: Mapping[str, str]
    address: pulumi.Output[str]
    self_signed: bool
    """Whether clients have to be told to take the certificate."""

    @property
    def hosts_lines(self) -> pulumi.Output[dict[str, dict[str, str]]]:
        return self.address.apply(lambda address: hosts_lines(self.urls, address))

    @property
    def try_it(self) -> pulumi.Output[dict[str, str]]:
        return self.address.apply(lambda address: try_it(self.urls, address, self_signed=self.self_signed))


def hosts_lines(urls: Mapping[str, str], address: str) -> dict[str, dict[str, str]]:
    """Per system: the hosts file and the lines to add to it. Empty for an address that is a name: that needs DNS."""
    hosts = dict.fromkeys(urlsplit(url).hostname for url in urls.values())
    lines = "\n".join(f"{address} {host}" for host in hosts) if _is_ip(address) else ""
    return {system: {"file": file, "lines": lines} for system, file in _HOSTS_FILES.items()}


def try_it(urls: Mapping[str, str], address: str, *, self_signed: bool) -> dict[str, str]:
    """A command per URL that is answered without a hosts file and without DNS."""
    curl = "curl --insecure" if self_signed else "curl"
    return {name: f"{curl} {_detour(url, address)} {url}{_ANSWERING.get(name, '/')}" for name, url in urls.items()}


def _detour(url: str, address: str) -> str:
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
