"""Ask: put the configuration of a Gateway on an Envoy of this machine, send requests, and collect what happened."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from explain import Request
from tools.ask.client import Reply, send
from tools.ask.envoy import Envoy, running
from tools.ask.loopback import Loopback, Resources

_PRIVILEGED, _SHIFT = 1024, 10000
"""Envoy Gateway moves the ports of listeners below 1024 by this number in the pods, which have no privileges."""

_SERVER_ERROR, _DENIED = 500, (401, 403)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The end of a request on Envoy."""

    request: Request
    status: int
    """0 without a response."""
    closed: str = ""
    """Why there is no response."""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    listener: str = ""
    route: str = ""
    """The route of Envoy's table, such as `httproute/NAMESPACE/NAME/rule/0/match/0/HOST`; empty if none took it.

    Of a connection that Envoy passes on, its cluster: `tlsroute/NAMESPACE/NAME/rule/0`.
    """
    details: str = ""
    """Envoy's reason, such as `route_not_found`: its `response_code_details`."""
    backend: str = ""
    """The backend that answered, such as `Service NAMESPACE/NAME, port 80`; empty if Envoy answered itself."""
    received: tuple[str, ...] = ()
    """The header that this backend got, in lines, `:path` and `:authority` among them."""
    copies: tuple[str, ...] = ()
    """Backends that got a copy, or an earlier try."""

    @property
    def is_taken(self) -> bool:
        """Whether a rule took the request, and did not deny it."""
        return bool(self.route) and self.status < _SERVER_ERROR and self.status not in _DENIED


@dataclass(frozen=True)
class NotAnswered:
    """A request for a port on which the Gateway has no listener for HTTP."""

    request: Request


def ask(
    resources: Resources,
    requests: Sequence[Request],
    *,
    program: Path,
    port_reached: Callable[[Request], int] = attrgetter("port"),
) -> tuple[list[Answer | NotAnswered], tuple[str, ...]]:
    """The answers, and what was left out because it needs others. Raises EnvoyError if Envoy refuses a resource.

    `resources` are those of one Gateway, by kind. `program` is Envoy. `port_reached` gives the
    port of the listener at which a request arrives, where that is not the port of its URL.
    """
    with tempfile.TemporaryDirectory(prefix="ask-") as name:
        loopback = Loopback(directory=Path(name))
        loopback.write(resources)
        with running(program, loopback) as envoy:
            sent = [(request, *_sent(envoy, request, port_reached(request))) for request in requests]
        # Envoy writes the rest of its log when it ends.
        by_client = _log(loopback)
        answers = [
            _answer(loopback, request, listener, reply, received, by_client) if reply else NotAnswered(request)
            for request, listener, reply, received in sent
        ]
        return answers, tuple(sorted(loopback.left_out))


def _sent(envoy: Envoy, request: Request, port: int) -> tuple[str, Reply | None, list[tuple[str, tuple[str, ...]]]]:
    listener = _listener(envoy.loopback, port)
    if listener not in envoy.ports:
        return "", None, []
    with_header = listener in envoy.loopback.expect_proxy_protocol
    reply = send(request, envoy.ports[listener], with_proxy_header=with_header)
    return listener, reply, envoy.received()


def _listener(loopback: Loopback, port: int) -> str:
    names = {found: name for name, found in loopback.ports.items()}
    shifted = port + _SHIFT if port < _PRIVILEGED else port
    return names.get(port) or names.get(shifted, "")


def _log(loopback: Loopback) -> Mapping[str, Mapping[str, Any]]:
    lines = loopback.log.read_text().splitlines() if loopback.log.exists() else []
    entries = [json.loads(line) for line in lines]
    return {entry["client"]: entry for entry in entries}


def _answer(
    loopback: Loopback,
    request: Request,
    listener: str,
    reply: Reply,
    received: Sequence[tuple[str, tuple[str, ...]]],
    by_client: Mapping[str, Mapping[str, Any]],
) -> Answer:
    entry = by_client.get(reply.local, {})
    backend = loopback.backend_of(entry.get("upstream") or "")
    headers = [header for name, header in received if name == backend]
    return Answer(
        request=request,
        status=reply.status,
        closed=reply.closed,
        headers=reply.headers,
        body=reply.body,
        listener=listener,
        route=entry.get("route") or entry.get("cluster") or "",
        details=entry.get("details") or "",
        backend=backend,
        received=headers[-1] if headers else (),
        copies=tuple(name for name, _ in received if name != backend),
    )
