"""Backends of Envoy Gateway that a route names and that requests cannot be sent to."""

from collections.abc import Iterator

from checks.rules.filters import route_filter
from diagnostics import Path, Problem, problem
from gatewayapi.kinds import CORE, ENVOY_GATEWAY
from gatewayapi.references import Reference, reference
from gatewayapi.topology import Topology
from kube.manifest import Manifest, kind_of
from kube.read import items, read, skip_unknown, values


@skip_unknown
def unusable_backends(topology: Topology, route: Manifest) -> Iterator[Problem]:
    """The problem of each Backend that a rule of the route cannot use."""
    for path, _ in items(route, "spec", "rules"):
        yield from _in_rule(topology, route, path)


@skip_unknown
def _in_rule(topology: Topology, route: Manifest, rule: Path) -> Iterator[Problem]:
    refs = [reference(route, path, value, CORE, "Service") for path, value in items(route, *rule, "backendRefs")]
    for ref in refs:
        if (ref.target.group, ref.target.kind) == (ENVOY_GATEWAY, "Backend"):
            yield from _unusable(topology, route, ref, alone=len(refs) == 1)
            yield from _resolved_from_path(topology, route, rule, ref)


@skip_unknown
def _unusable(topology: Topology, route: Manifest, ref: Reference, *, alone: bool) -> Iterator[Problem]:
    backend = topology.objects.find(ref.target)
    if any(read(endpoint, "unix") for endpoint in values(backend, "spec", "endpoints")):
        yield problem("backend-unix-socket", ref.path, ref.target.name, backend=ref)
    if read(backend, "spec", "type") != "DynamicResolver":
        return
    if not alone:
        yield problem("backend-dynamic-not-alone", ref.path, ref.target.name, backend=ref)
    if kind_of(route) == "TLSRoute":
        terminating = [listener for listener, _ in topology.attached(route) if listener.terminates_tls]
        for listener in terminating[:1]:
            yield problem(
                "backend-dynamic-needs-passthrough", ref.path, ref.target.name, backend=ref, listener=listener
            )


@skip_unknown
def _resolved_from_path(topology: Topology, route: Manifest, rule: Path, ref: Reference) -> Iterator[Problem]:
    backend = topology.objects.find(ref.target)
    for path, value in items(route, *rule, "filters"):
        pattern = read(route_filter(topology, route, value), "spec", "urlRewrite", "hostname", "pathRegex")
        if pattern and read(backend, "spec", "type") == "DynamicResolver":
            yield problem("backend-dynamic-host-from-path", path, backend=ref)
