"""The forwarding table of this process: which host endpoint goes to which target."""

import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from local.cluster.cloud import host_ports
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.cloud.port_forward import PortForward, TcpForward, UdpForward
from local.cluster.cloud.relay import Relay
from local.errors import UserError

_HIGH_PORT_OFFSET = 8000  # 80 is served as 8080, 443 as 8443
log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Endpoint:
    """A loopback address and port of the host. `protocol` is TCP or UDP."""

    address: str
    port: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Outcome:
    """The result for one wanted endpoint: where it really listens, if anywhere, and the error with its fix."""

    listening: Endpoint | None
    error: str | None = None


class ForwardingTable:
    """Every port forward. A forward that stays in the table keeps its connections when others come and go."""

    def __init__(self, relay: Relay, outside: NetworkNamespace) -> None:
        self._relay = relay
        self._outside = outside
        self._open: dict[Endpoint, tuple[PortForward, Outcome]] = {}

    def apply(self, wanted: Mapping[Endpoint, tuple[str, int]]) -> dict[Endpoint, Outcome]:
        """Open, retarget and close forwards so that exactly `wanted` (endpoint to target) is served where possible."""
        for endpoint in self._open.keys() - wanted.keys():
            forward, outcome = self._open.pop(endpoint)
            forward.close()
            log.info("%s %s is closed", endpoint.protocol, outcome.listening)
        return {endpoint: self._serve(endpoint, target) for endpoint, target in sorted(wanted.items())}

    def close(self) -> None:
        self.apply({})

    def _serve(self, endpoint: Endpoint, target: tuple[str, int]) -> Outcome:
        if endpoint in self._open:
            forward, outcome = self._open[endpoint]
            if forward.target != target:
                forward.retarget(target)
                log.info("%s %s now goes to %s:%d", endpoint.protocol, outcome.listening, *target)
            return outcome
        try:
            listener, outcome = _listen(endpoint)
        except UserError as error:
            return Outcome(None, str(error))
        forward: PortForward
        if endpoint.protocol == "TCP":
            forward = TcpForward(self._relay, self._outside, listener, target)
        else:
            forward = UdpForward(self._outside, listener, target)
        self._open[endpoint] = forward, outcome
        log.info("%s %s goes to %s:%d", endpoint.protocol, outcome.listening, *target)
        return outcome


def _listen(endpoint: Endpoint) -> tuple[socket.socket, Outcome]:
    try:
        return host_ports.listen(endpoint.protocol, endpoint.address, endpoint.port), Outcome(endpoint)
    except host_ports.PermissionDenied as error:
        high = Endpoint(endpoint.address, endpoint.port + _HIGH_PORT_OFFSET, endpoint.protocol)
        listener = host_ports.listen(high.protocol, high.address, high.port)
        return listener, Outcome(high, f"{error.message} Port {high.port} serves it instead.\n  {error.fix}")
