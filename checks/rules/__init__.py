"""Rules between objects: problems that Envoy Gateway finds and the API server does not. One subject per file.

for manifest, problem in problems(objects, version="1.9.1"):
    print(manifest["kind"], manifest["metadata"]["name"], problem)

The rules hold for objects that pass `checks.schema`. A problem that depends on an UNKNOWN value, or on an object that a
cluster may have beside the stack (`gatewayapi.Objects.find`), is left to the cluster.
"""

from collections.abc import Iterator, Sequence

from checks.rules import (
    attachment,
    backends,
    certificates,
    extensions,
    filters,
    geoip,
    host_conflicts,
    limits,
    listener_conflicts,
    policy_targets,
    reference_rules,
    release_fields,
    secret_contents,
    unreachable,
    values,
)
from diagnostics import Problem
from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API, GROUPS, POLICIES, ROUTES
from gatewayapi.topology import Topology
from kube.manifest import Manifest, group_of, kind_of
from releases import Release, release_of

__all__ = ["problems"]

_LISTENING = ("Gateway", "ListenerSet")


def problems(manifests: Sequence[Manifest], *, version: str) -> list[tuple[Manifest, Problem]]:
    """Every problem of these objects, each with the object to change.

    `manifests` are all objects of the stack, core kinds included; `version` is Envoy Gateway's.
    """
    topology, release = Topology(manifests), release_of(version)
    found = [(manifest, problem) for manifest in manifests for problem in _of_object(topology, manifest, release)]
    found += listener_conflicts.conflicting_listeners(topology)
    found += host_conflicts.conflicting_hosts(topology)
    found += policy_targets.conflicting_policies(topology)
    found += unreachable.unreachable_rules(topology)
    return found


def _of_object(topology: Topology, manifest: Manifest, release: Release) -> Iterator[Problem]:
    group, kind = group_of(manifest), kind_of(manifest)
    yield from release_fields.too_new(manifest, release)
    yield from extensions.not_enabled(topology, manifest, release)
    yield from reference_rules.unresolved_references(topology, manifest)
    yield from values.refused_values(manifest)
    yield from secret_contents.missing_contents(topology, manifest)
    yield from limits.refused_limits(manifest)
    if group == GATEWAY_API and kind in ROUTES:
        yield from attachment.unattached(topology, manifest)
        yield from backends.unusable_backends(topology, manifest)
        yield from certificates.uncertified_hosts(topology, manifest)
        yield from filters.conflicting_filters(topology, manifest)
    if kind in POLICIES and group == GROUPS[kind]:
        yield from policy_targets.wrong_targets(topology, manifest)
    if (group, kind) == (ENVOY_GATEWAY, "SecurityPolicy"):
        yield from geoip.unknown_locations(topology, manifest)
    if group == GATEWAY_API and kind in _LISTENING:
        yield from listener_conflicts.impossible_kinds(topology, manifest)
        yield from certificates.unusable_certificates(topology, manifest)
    if (group, kind) == (GATEWAY_API, "ListenerSet"):
        yield from listener_conflicts.not_admitted(topology, manifest)
