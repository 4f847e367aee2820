"""Policies with targets that do not exist, that several policies share, or that the policy cannot apply to."""

from collections.abc import Hashable, Iterator
from itertools import product

from diagnostics import Path, Problem, listed, problem, suggest
from gatewayapi.fleets import merging_class
from gatewayapi.kinds import GATEWAY_API, GROUPS, ROUTES
from gatewayapi.listeners import gateway_of
from gatewayapi.objects import precedence
from gatewayapi.policy_attachment import section_kind, target_paths
from gatewayapi.references import Reference, missing, reference
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName, kind_of, name_of, namespace_of
from kube.read import NotKnown, items, read, skip_unknown, values

_EXCLUSIVE = (
    "BackendTrafficPolicy",
    "ClientTrafficPolicy",
    "EnvoyExtensionPolicy",
    "SecurityPolicy",
    "BackendTLSPolicy",
)
"""Kinds of policies that a target takes only one of. EnvoyPatchPolicies have no such limit."""

_SECTION_LISTS = {
    "Gateway": ("spec", "listeners"),
    "ListenerSet": ("spec", "listeners"),
    "Service": ("spec", "ports"),
    **dict.fromkeys(ROUTES, ("spec", "rules")),
}
"""The list whose items a `sectionName` names, by the target's kind."""

_ADDRESSES = ("fqdn", "ip")
_PATCHABLE = ("Gateway", "GatewayClass")
_PRINCIPALS_OF_HTTP = ("clientIPGeoLocations", "headers", "jwt")
_FIELDS_OF_HTTP = ("apiKeyAuth", "basicAuth", "cors", "csrf", "extAuth", "jwt", "oidc")


def wrong_targets(topology: Topology, policy: Manifest) -> Iterator[Problem]:
    """The problems of each target that a policy names."""
    for path in _paths(policy):
        yield from _missing_target(topology, policy, path)
        if kind_of(policy) == "ClientTrafficPolicy":
            yield from _part_of_port(topology, policy, path)
        if kind_of(policy) == "SecurityPolicy":
            yield from _http_on_stream(policy, path)
        if kind_of(policy) == "EnvoyPatchPolicy":
            yield from _not_patchable(topology, policy, path)


def conflicting_policies(topology: Topology) -> Iterator[tuple[Manifest, Problem]]:
    """The first conflict of each policy whose target has another policy of the same kind already."""
    for kind in _EXCLUSIVE:
        first: dict[Hashable, Manifest] = {}
        for policy in topology.objects.of_kind(GROUPS[kind], kind):
            yield from ((policy, found) for found in _conflict(topology, policy, first)[:1])


@skip_unknown
def _paths(policy: Manifest) -> Iterator[Path]:
    yield from target_paths(policy)


@skip_unknown
def _missing_target(topology: Topology, policy: Manifest, path: Path) -> Iterator[Problem]:
    ref = _target(policy, path)
    section = read(policy, *path, "sectionName")
    if absent := missing(topology.objects, ref):
        yield absent
    elif section is not None:
        names = _sections(topology.objects.find(ref.target), ref.target.kind)
        if section not in names:
            what = section_kind(ref.target.kind)
            suggestion = suggest(section, names) if names else f"give the {what} a name"
            yield problem(
                "policy-section-missing",
                (*path, "sectionName"),
                section,
                target=ref,
                what=what,
                suggestion=suggestion,
            )


def _target(policy: Manifest, path: Path) -> Reference:
    return reference(policy, path, read(policy, *path), GATEWAY_API, "Gateway")


def _sections(target: Manifest | None, kind: str) -> list[str]:
    """Names that a `sectionName` may have. Raises NotKnown for any other kind of target."""
    if kind == "Backend":  # endpoints have no names: a section is a port number
        endpoints = values(target, "spec", "endpoints")
        ports = [read(endpoint, address, "port") for endpoint in endpoints for address in _ADDRESSES]
        return sorted({str(port) for port in ports if port})
    if kind not in _SECTION_LISTS:
        raise NotKnown
    return [name for section in values(target, *_SECTION_LISTS[kind]) if (name := read(section, "name"))]


@skip_unknown
def _part_of_port(topology: Topology, policy: Manifest, path: Path) -> Iterator[Problem]:
    """The problem of a target that is only a part of a port's listeners without TLS: they share all settings."""
    ref = _target(policy, path)
    section = read(policy, *path, "sectionName")
    owner = topology.objects.find(ref.target)
    gateway = gateway_of(topology.objects, owner) if owner is not None else None
    if gateway is None:
        return
    fleet = topology.fleet_of(gateway)
    plain = [listener for one in fleet.gateways for listener in topology.listeners(one) if listener.protocol == "HTTP"]
    meant = [
        listener
        for listener in plain
        if (listener.owner is owner and section in (None, listener.name))
        or (section is None and owner is gateway and listener.gateway is gateway)
    ]
    for listener, other in product(meant, plain):
        if other.port == listener.port and other not in meant:
            yield problem(
                "policy-part-of-port",
                (*path, "name" if section is None else "sectionName"),
                ref.target.name if section is None else section,
                other=other,
                port=other.port,
            )
            return


@skip_unknown
def _http_on_stream(policy: Manifest, path: Path) -> Iterator[Problem]:
    """Settings that need HTTP, on a TCPRoute: Envoy knows only the client's address there."""
    if read(policy, *path, "kind") != "TCPRoute":
        return
    for field in _FIELDS_OF_HTTP:
        if read(policy, "spec", field) is not None:
            yield problem("policy-needs-http", ("spec", field), field=field)
    for rule, _ in items(policy, "spec", "authorization", "rules"):
        for place in ((*rule, "cel"), *((*rule, "principal", name) for name in _PRINCIPALS_OF_HTTP)):
            if read(policy, *place):
                yield problem("policy-needs-http", place, field=place[-1])


@skip_unknown
def _not_patchable(topology: Topology, policy: Manifest, path: Path) -> Iterator[Problem]:
    kind, name = read(policy, *path, "kind"), read(policy, *path, "name", default="")
    if kind not in _PATCHABLE:
        yield problem("patch-target-kind", (*path, "kind"), kind, kinds=listed(_PATCHABLE))
    if kind != "Gateway":
        return
    gateway = topology.objects.find(ObjectName(GATEWAY_API, kind, namespace_of(policy), name))
    if gateway is not None and (merging := merging_class(topology.objects, gateway)):
        yield problem("patch-target-merged", (*path, "kind"), kind, gateway_class=merging)


@skip_unknown
def _conflict(topology: Topology, policy: Manifest, first: dict[Hashable, Manifest]) -> Iterator[Problem]:
    precedence(policy)  # unknown names cannot be ranked
    for target in topology.targets(policy):
        if (other := first.setdefault(target.to, policy)) is not policy:
            yield problem(
                "policy-conflict",
                target.path,
                target.to.object.name,
                other=ObjectName.of(other),
                target=target.to,
                name=name_of(policy),
            )
