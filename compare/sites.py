"""Sites: the hosts, ports and schemes at which requests may differ, from the listeners and routes of both sides."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from compare.side import Side
from explain.listener_match import all_listeners
from explain.request import Request, Scheme
from gatewayapi import hostnames
from gatewayapi.fleets import Fleet
from gatewayapi.kinds import GATEWAY_API, ROUTES
from kube.read import NotKnown

ANY_NAME = "any-name"
"""Label for a host below a wildcard."""
NOBODY = "nobody.invalid"
"""A host that no listener and no route names."""
_SECURE = ("HTTPS", "TLS")


@dataclass(frozen=True)
class Site:
    """A host on a port of one Gateway, which has another name in the other plan when it was renamed.

    `pattern` is the host name, `*.` and a name, or `*` for every other host.
    """

    gateway: str
    base: Fleet | None
    head: Fleet | None
    scheme: Scheme
    port: int
    host: str
    pattern: str

    def request(self, path: str = "/") -> Request:
        return Request(scheme=self.scheme, host=self.host, port=self.port, path=path)

    @property
    def authority(self) -> str:
        """Scheme, host and port as a person writes them."""
        usual = {"http": 80, "https": 443, "tls": 443}.get(self.scheme) == self.port
        return f"{self.scheme}://{self.pattern}{'' if usual else f':{self.port}'}"


def sites(base: Side, head: Side) -> list[Site]:
    """Every site of both sides: each exact host, one host for each wildcard, and one that nobody names."""
    found: list[Site] = []
    for name, before, after in _pairs(base, head):
        hosts = _hosts(base, before)
        for key, patterns in _hosts(head, after).items():
            hosts.setdefault(key, {}).update(patterns)
        secured = {port for port, protocol in hosts if protocol == "HTTPS"}
        schemes: dict[tuple[int, Scheme], dict[str, None]] = {}
        for (port, protocol), patterns in hosts.items():
            schemes.setdefault((port, _scheme(protocol, https=port in secured)), {}).update(patterns)
        for (port, scheme), patterns in sorted(schemes.items()):
            has_hosts = scheme not in ("tcp", "udp")
            for pattern in sorted({*patterns, hostnames.ANY}, key=lambda one: (one.startswith("*"), one)):
                if has_hosts or pattern == hostnames.ANY:
                    found.append(Site(name, before, after, scheme, port, _host(pattern), pattern))
    return found


def _pairs(base: Side, head: Side) -> Iterator[tuple[str, Fleet | None, Fleet | None]]:
    """The Gateways of both sides. One that is left over on each side is the same one with another name."""
    gone = [name for name in base.fleets if name not in head.fleets]
    new = [name for name in head.fleets if name not in base.fleets]
    renamed = {gone[0]: new[0]} if len(gone) == len(new) == 1 else {}
    for name, fleet in base.fleets.items():
        yield name, fleet, head.fleets.get(renamed.get(name, name))
    for name in new:
        if name not in renamed.values():
            yield name, None, head.fleets[name]


def _hosts(side: Side, fleet: Fleet | None) -> dict[tuple[int, str], dict[str, None]]:
    """The patterns of hosts by port and protocol, as the keys of a dict to keep their order."""
    found: dict[tuple[int, str], dict[str, None]] = {}
    if fleet is None:
        return found
    for listener in all_listeners(side.topology, fleet):
        with suppress(NotKnown):
            patterns = found.setdefault((listener.port, listener.protocol), {})
            patterns[listener.hostname or hostnames.ANY] = None
    for route in side.topology.objects.of_kind(GATEWAY_API, *ROUTES):
        with suppress(NotKnown):
            for attachment in side.topology.known_attachments(route):
                listener = attachment.listener
                if listener is not None and side.topology.fleet_of(listener.gateway) is fleet:
                    _add(found.setdefault((listener.port, listener.protocol), {}), attachment.hostnames)
    return found


def _add(patterns: dict[str, None], more: Iterable[str]) -> None:
    patterns.update(dict.fromkeys(more))


def _scheme(protocol: str, *, https: bool) -> Scheme:
    """The scheme of requests to a listener. HTTPS and TLS share a port: there a request may come to either."""
    match protocol:
        case "HTTPS":
            return "https"
        case "TLS":
            return "https" if https else "tls"
        case "TCP":
            return "tcp"
        case "UDP":
            return "udp"
        case _:
            return "http"


def _host(pattern: str) -> str:
    if pattern == hostnames.ANY:
        return NOBODY
    return pattern.replace("*", ANY_NAME, 1) if hostnames.is_wildcard(pattern) else pattern
