"""The set of forwards of this process, made equal to what is wanted."""

import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from local.cluster.cloud import host_ports
from local.cluster.cloud.netns import NetworkNamespace
from local.cluster.cloud.port_forward import Forward, TcpForward, UdpForward
from local.cluster.cloud.relay import Relay
from local.errors import UserError

_HIGH = 8000  # 80 is offered as 8080, 443 as 8443
log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Endpoint:
    """An address and port of the host's loopback. `protocol` is TCP or UDP."""

    address: str
    port: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Outcome:
    """How a wanted endpoint fared: where it is really listened on, if anywhere, and what went wrong, with the cure."""

    listening: Endpoint | None
    error: str | None = None


class Forwards:
    """Every listening socket. Those that stay wanted keep their connections, whatever happens to the others."""

    def __init__(self, relay: Relay, outside: NetworkNamespace) -> None:
        self._relay = relay
        self._outside = outside
        self._open: dict[Endpoint, tuple[Forward, Outcome]] = {}

    def apply(self, wanted: Mapping[Endpoint, tuple[str, int]]) -> dict[Endpoint, Outcome]:
        """Opens, retargets and closes until exactly `wanted` (endpoint to target) is served, as far as it can be."""
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
        forward: Forward
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
    except host_ports.NoRight as error:
        high = Endpoint(endpoint.address, endpoint.port + _HIGH, endpoint.protocol)
        listener = host_ports.listen(high.protocol, high.address, high.port)
        return listener, Outcome(high, f"{error.message} It is served on port {high.port} instead.\n  {error.cure}")
