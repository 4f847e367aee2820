"""HTTPRouteFilters of Envoy Gateway that do not work beside the other filters of a rule.

https://gateway.envoyproxy.io/docs/api/extension_types/#httproutefilter
"""

from collections.abc import Iterator
from typing import Any

from diagnostics import Path, Problem, listed, problem
from gatewayapi.fleets import controller_config
from gatewayapi.kinds import ENVOY_GATEWAY
from gatewayapi.references import reference
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, kind_of
from kube.read import items, read, skip_unknown, values

_KIND = "HTTPRouteFilter"
_REWRITABLE = ("hostname", "path")


@skip_unknown
def conflicting_filters(topology: Topology, route: Manifest) -> Iterator[Problem]:
    """Filters of a route that Envoy Gateway does not know, or that contradict another one of the same rule."""
    for rule, _ in items(route, "spec", "rules"):
        yield from _unknown_kinds(topology, route, rule)
        yield from _conflicting(topology, route, rule)


def route_filter(topology: Topology, route: Manifest, value: Any) -> Manifest | None:
    """The HTTPRouteFilter that a filter of a route refers to, if it does and there is one. Raises NotKnown."""
    target = reference(route, (), read(value, "extensionRef"), ENVOY_GATEWAY, "").target
    return topology.objects.find(target) if target.kind == _KIND else None


@skip_unknown
def _unknown_kinds(topology: Topology, route: Manifest, rule: Path) -> Iterator[Problem]:
    for path, value in items(route, *rule, "filters"):
        if (extension := read(value, "extensionRef")) is None:
            continue
        target = reference(route, (*path, "extensionRef"), extension, ENVOY_GATEWAY, _KIND).target
        kind = target.group, target.kind
        if kind != (ENVOY_GATEWAY, _KIND) and kind not in _kinds_of_extension_server(topology):
            place = (*path, "extensionRef", "kind")
            yield problem("filter-kind-unknown", place, target.kind, kind=target.kind, group=target.group)


@skip_unknown
def _conflicting(topology: Topology, route: Manifest, rule: Path) -> Iterator[Problem]:
    mirrored, has_matches, by_extension, rewritten = False, False, False, set[str]()
    for path, value in items(route, *rule, "filters"):
        mirrored = mirrored or read(value, "type") == "RequestMirror"
        own = route_filter(topology, route, value)
        if (answer := read(own, "spec", "directResponse")) is not None:
            yield from _answering(path, route, own, read(answer, "statusCode", default=200), mirrored=mirrored)
            return  # Envoy Gateway ignores the filters behind it
        if has_matches and read(own, "spec", "matches"):
            yield problem("filter-matches-twice", path)
        has_matches = has_matches or bool(read(own, "spec", "matches"))
        of_extension = {part for part in _REWRITABLE if read(own, "spec", "urlRewrite", part) is not None}
        parts = of_extension | {part for part in _REWRITABLE if read(value, "urlRewrite", part) is not None}
        if (twice := parts & rewritten) or (by_extension and of_extension):
            yield problem("filter-rewrites-twice", path, parts=listed(sorted(twice or rewritten)))
        rewritten |= parts
        by_extension = by_extension or bool(of_extension)


def _answering(path: Path, route: Manifest, own: Manifest | None, status: int, *, mirrored: bool) -> Iterator[Problem]:
    if mirrored and own is not None:
        yield problem("filter-mirrors-own-answer", path, filter=ObjectName.of(own))
    if kind_of(route) == "GRPCRoute" and 200 <= status < 300:
        yield problem("filter-grpc-success", path, status=status)


def _kinds_of_extension_server(topology: Topology) -> set[tuple[str, str]]:
    resources = values(controller_config(topology.objects), "extensionManager", "resources")
    return {(read(resource, "group", default=""), read(resource, "kind", default="")) for resource in resources}
