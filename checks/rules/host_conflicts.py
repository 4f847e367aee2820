"""Routes with a host name that Envoy would have twice on one port."""

from collections.abc import Iterator

from diagnostics import Problem, problem
from gatewayapi.contested_hosts import KINDS, Contest, contests
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName


def conflicting_hosts(topology: Topology) -> Iterator[tuple[Manifest, Problem]]:
    """The first conflict of each route whose host name another listener or route of the port has already."""
    reported = set[int]()
    for contest in contests(topology, topology.routes(*KINDS)):
        route = contest.other.route
        if id(route) not in reported:
            reported.add(id(route))
            yield route, _problem(contest)


def _problem(contest: Contest) -> Problem:
    first, other = contest.first, contest.other
    words = {"host": other.hostname, "port": other.listener.port}
    if not contest.is_between_listeners:
        return problem(
            "sni-in-two-routes", ("spec", "hostnames"), other.hostname, other=ObjectName.of(first.route), **words
        )
    return problem(
        "host-on-two-listeners",
        ("spec", "parentRefs"),
        listener=other.listener,
        other=first.listener,
        through=f" for {ObjectName.of(first.route)}" if first.route is not other.route else "",
        **words,
    )
