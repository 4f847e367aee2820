"""Host names of which Envoy would have two on one port.

Listeners without TLS share Envoy's table of the port, and TLSRoutes the list of its server names. Envoy takes a name
only once: it refuses the whole table or list and keeps the one before, while every status says Accepted.
"""

from collections.abc import Hashable, Iterator, Sequence

from diagnostics.problem import Mistake
from gatewayapi.attachment import Attachment, attachments
from gatewayapi.listeners import gateway_of
from gatewayapi.objects import GATEWAY_API, Stack, Wire, kind_of, precedence, shown
from kube.read import NotKnown, judged

_Table = dict[Hashable, tuple[Attachment, Wire]]


def mistakes(stack: Stack, fleets: Sequence[Sequence[Wire]]) -> Iterator[tuple[Wire, Mistake]]:
    """Of routes, of which each is the later one to bring a host name; Gateways of one fleet share their ports."""
    fleet = {id(gateway): number for number, gateways in enumerate(fleets) for gateway in gateways}
    first: _Table = {}
    for route in sorted(stack.named(GATEWAY_API, "HTTPRoute", "GRPCRoute", "TLSRoute"), key=precedence):
        yield from ((route, mistake) for mistake in _of_route(stack, route, fleet, first)[:1])


@judged
def _of_route(stack: Stack, route: Wire, fleet: dict[int, int], first: _Table) -> Iterator[Mistake]:
    for each in attachments(stack, route):
        if each.listener.protocol == "HTTPS":
            continue  # each has a table of its own
        gateway = gateway_of(stack, each.listener.owner)
        if gateway is None:
            raise NotKnown
        for host in sorted(each.hosts):
            place = fleet[id(gateway)], each.listener.port, host
            earlier, other = first.setdefault(place, (each, route))
            if not _is_one(earlier, each):
                yield _on_two_listeners(each, host, earlier, None if other is route else other)
            elif kind_of(route) == "TLSRoute" and other is not route:
                yield _in_two_routes(each, host, other)


def _is_one(one: Attachment, other: Attachment) -> bool:
    return one.listener.owner is other.listener.owner and one.listener.path == other.listener.path


def _in_two_routes(attached: Attachment, host: str, other: Wire) -> Mistake:
    return Mistake(
        path=("spec", "hostnames"),
        value=host,
        rule=f"{shown(other)} has it on {attached.listener} too: Envoy takes a server name once a port, and then none "
        "of the port's",
        cure="name it in one of the two only",
    )


def _on_two_listeners(later: Attachment, host: str, earlier: Attachment, route: Wire | None) -> Mistake:
    through = f" for {shown(route)}" if route else ""
    return Mistake(
        path=("spec", "parentRefs"),
        rule=f"{later.listener} and, on the same port {later.listener.port}, {earlier.listener}{through} serve {host}: "
        "Envoy takes a host once a port, and then none of the port's routes",
        cure="attach what is for this host to one of the two only: sectionName, or `listeners` in stack config",
    )
