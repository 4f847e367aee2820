"""Mistakes between the objects of a stack, told without a cluster: what the Gateway API leaves to its controller.

for wire, mistake in mistakes(objects, version="1.9.1"):
    print(wire["kind"], wire["metadata"]["name"], mistake)

One object by itself is the business of `checks.check`; what is told here holds for objects that pass it. What depends
on a value that is UNKNOWN, or on an object that a cluster may have beside the stack (`Stack.find`), is not judged.
"""

from collections.abc import Iterator, Sequence

from checks.rules import (
    backends,
    certificates,
    extensions,
    filters,
    geoip,
    host_conflicts,
    limits,
    policies,
    releases,
    secret_contents,
    unreachable,
    values,
)
from diagnostics.problem import Mistake
from gatewayapi import attachment, listeners, references
from gatewayapi.fleets import sharing
from gatewayapi.kinds import POLICIES
from gatewayapi.objects import ENVOY_GATEWAY, GATEWAY_API, ROUTES, Stack, Wire, group_of, kind_of

__all__ = ["mistakes"]

_LISTENING = {(GATEWAY_API, "Gateway"), (GATEWAY_API, "ListenerSet")}
_ROUTES = {(GATEWAY_API, kind) for kind in ROUTES}
_POLICIES = {(GATEWAY_API if kind == "BackendTLSPolicy" else ENVOY_GATEWAY, kind) for kind in POLICIES}


def mistakes(objects: Sequence[Wire], *, version: str) -> list[tuple[Wire, Mistake]]:
    """Every mistake of these objects, with the object to mend.

    `objects` are all of the stack, in wire form, core kinds among them; `version` is Envoy Gateway's.
    """
    stack, release = Stack(objects), releases.release_of(version)
    found = [(wire, mistake) for wire in objects for mistake in _of_one(stack, wire, release)]
    fleets = sharing(stack)
    for gateways in fleets:
        found += listeners.conflicts(stack, gateways)
    found += host_conflicts.mistakes(stack, fleets)
    found += policies.conflicts(stack)
    found += unreachable.mistakes(stack)
    return found


def _of_one(stack: Stack, wire: Wire, release: releases.Release) -> Iterator[Mistake]:
    kind = group_of(wire), kind_of(wire)
    yield from releases.mistakes(wire, release)
    yield from extensions.mistakes(stack, wire, release)
    yield from references.mistakes(stack, wire)
    yield from values.mistakes(wire)
    yield from secret_contents.mistakes(stack, wire)
    yield from limits.mistakes(wire)
    if kind in _ROUTES:
        yield from attachment.mistakes(stack, wire)
        yield from backends.mistakes(stack, wire)
        yield from certificates.of_route(stack, wire)
        yield from filters.mistakes(stack, wire)
    if kind in _POLICIES:
        yield from policies.mistakes(stack, wire)
    if kind == (ENVOY_GATEWAY, "SecurityPolicy"):
        yield from geoip.mistakes(stack, wire)
    if kind in _LISTENING:
        yield from listeners.of_kinds(wire)
        yield from certificates.mistakes(stack, wire)
    if kind == (GATEWAY_API, "ListenerSet"):
        yield from listeners.of_listener_set(stack, wire)
