"""Random pairs of route tables, as the objects of two plans."""

from typing import Any

from hypothesis import strategies as st

from compare import Comparison
from compare.asked import Asked, asked
from compare.sites import sites
from explain import Request
from gatewayapi import hostnames
from tests.cases.builders import backend, gateway, listener, route, rule
from tests.live.tables import Table, tables

SERVICES = ("web", "api")


@st.composite
def pairs(draw: st.DrawFn, before: int, after: int) -> tuple[Table, Table]:
    """A table for each side, with so many requests."""
    base, head = draw(tables(before)), draw(tables(after))
    if draw(st.booleans()):  # most pull requests change one route of many
        new = [one for one in head.routes[:1] if (one["listener"] or 0) < len(base.listeners)]
        head = Table(base.listeners, (*base.routes[1:], *new), head.requests)
    return base, head


def as_objects(table: Table) -> list[Any]:
    """The table's Gateway and routes; each rule goes to one of two backends."""
    hosts_of: list[dict[str, Any]] = [{"hostname": host} if host else {} for host in table.listeners]
    listeners = [listener(f"l{index}", **fields) for index, fields in enumerate(hosts_of)]
    made: list[Any] = [gateway(*listeners)]
    for index, spec in enumerate(table.routes):
        section = {"sectionName": f"l{spec['listener']}"} if spec["listener"] is not None else {}
        rules = [
            rule(backend(SERVICES[(index + at) % 2]), **one, name=f"rule-{at}") for at, one in enumerate(spec["rules"])
        ]
        hosts = {"hostnames": spec["hostnames"]} if "hostnames" in spec else {}
        made.append(route(*rules, name=f"r{index}", kind=spec["kind"], parents=[{"name": "gate", **section}], **hosts))
    return made


def same_class(request: Request, comparison: Comparison) -> Asked:
    """The request, asked of both sides at the site of its host."""
    found = {site.pattern: site for site in sites(comparison.base, comparison.head) if site.port == request.port}
    pattern = next(one for one in hostnames.patterns_of(request.host) if one in found)
    return asked(found[pattern], request, comparison.base, comparison.head)
