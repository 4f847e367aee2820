"""Policies and what they target: https://gateway-api.sigs.k8s.io/reference/policy-attachment/."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from diagnostics.problem import Mistake, Path
from diagnostics.suggest import instead, listed
from gatewayapi.fleets import merging, sharing
from gatewayapi.listeners import gateway_of, served
from gatewayapi.objects import (
    ENVOY_GATEWAY,
    GATEWAY_API,
    ROUTES,
    Stack,
    Wire,
    kind_of,
    name_of,
    namespace_of,
    precedence,
    shown,
)
from gatewayapi.references import missing, reference
from gatewayapi.selectors import selects
from kube.read import NotKnown, items, judged, read

_EXCLUSIVE = {
    "BackendTrafficPolicy": ENVOY_GATEWAY,
    "ClientTrafficPolicy": ENVOY_GATEWAY,
    "EnvoyExtensionPolicy": ENVOY_GATEWAY,
    "SecurityPolicy": ENVOY_GATEWAY,
    "BackendTLSPolicy": GATEWAY_API,
}
"""Kinds of which a target takes one; of EnvoyPatchPolicies it takes all."""

_SECTIONS = {
    "Gateway": ("listener", ("spec", "listeners")),
    "ListenerSet": ("listener", ("spec", "listeners")),
    "Service": ("port", ("spec", "ports")),
    **dict.fromkeys(ROUTES, ("rule", ("spec", "rules"))),
}
"""What a sectionName is the name of, by the target's kind."""

_ADDRESSES = ("fqdn", "ip")
_PATCHED = ("Gateway", "GatewayClass")
_OF_STREAMS = "on a TCPRoute there is authorization by clientCIDRs only"
_PRINCIPALS_OF_HTTP = ("clientIPGeoLocations", "headers", "jwt")
_OF_HTTP = ("apiKeyAuth", "basicAuth", "cors", "csrf", "extAuth", "jwt", "oidc")


@dataclass(frozen=True)
class Target:
    """What one entry of a policy targets."""

    path: Path
    kind: tuple[str, str]
    name: str
    section: str

    def __str__(self) -> str:
        return f"{self.section} of {self.kind[1]} {self.name}" if self.section else f"{self.kind[1]} {self.name}"


def mistakes(stack: Stack, policy: Wire) -> Iterator[Mistake]:
    for path in _target_paths(policy):
        yield from _of_target(stack, policy, path)
        if kind_of(policy) == "ClientTrafficPolicy":
            yield from _of_port(stack, policy, path)
        if kind_of(policy) == "SecurityPolicy":
            yield from _of_stream(policy, path)
        if kind_of(policy) == "EnvoyPatchPolicy":
            yield from _of_patched(stack, policy, path)


def conflicts(stack: Stack) -> Iterator[tuple[Wire, Mistake]]:
    """Policies of which a target has another one of the same kind already."""
    for kind, group in _EXCLUSIVE.items():
        first: dict[Hashable, Wire] = {}
        for policy in sorted(stack.named(group, kind), key=precedence):
            yield from ((policy, mistake) for mistake in _conflict(stack, policy, first)[:1])


@judged
def _of_target(stack: Stack, policy: Wire, path: Path) -> Iterator[Mistake]:
    ref = reference(policy, path, read(policy, *path), GATEWAY_API, "Gateway")
    section = read(policy, *path, "sectionName")
    if absent := missing(stack, ref):
        yield absent
    elif section is not None:
        target = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
        what, names = _sections(target, ref.kind)
        if section not in names:
            rule = f"{ref} has no {what} of that name"
            cure = instead(section, names) or (f"name the {what}" if not names else "")
            yield Mistake(path=(*path, "sectionName"), value=section, rule=rule, cure=cure)


def _sections(target: Wire | None, kind: str) -> tuple[str, list[str]]:
    """What a sectionName of such a target is, and which there are. Raises NotKnown of kinds that are not ours."""
    if kind == "Backend":  # by its number: the endpoints of one have no names
        ports = [
            read(each, address, "port") for _, each in items(target, "spec", "endpoints") for address in _ADDRESSES
        ]
        return "port", sorted({str(port) for port in ports if port})
    if kind not in _SECTIONS:
        raise NotKnown
    what, place = _SECTIONS[kind]
    return what, [name for _, each in items(target, *place) if (name := read(each, "name"))]


@judged
def _of_port(stack: Stack, policy: Wire, path: Path) -> Iterator[Mistake]:
    """Listeners without TLS share all that a ClientTrafficPolicy says with the others of their port."""
    ref = reference(policy, path, read(policy, *path), GATEWAY_API, "Gateway")
    section = read(policy, *path, "sectionName")
    owner = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
    gateway = gateway_of(stack, owner) if owner is not None else None
    if gateway is None:
        return
    (fleet,) = (each for each in sharing(stack) if any(one is gateway for one in each))
    clear = [(one, each) for one in fleet for each in served(stack, one) if each.protocol == "HTTP"]
    meant = [
        each
        for one, each in clear
        if (each.owner is owner and section in (None, each.name)) or (section is None and owner is gateway is one)
    ]
    for each, (_, other) in product(meant, clear):
        if other.port == each.port and other not in meant:
            yield Mistake(
                path=(*path, "name" if section is None else "sectionName"),
                value=ref.name if section is None else section,
                rule=f"{other} is on port {each.port} too: without TLS a ClientTrafficPolicy is for all of a port",
                cure="target the Gateway as a whole, or give the listener a port of its own",
            )
            return


@judged
def _of_stream(policy: Wire, path: Path) -> Iterator[Mistake]:
    """Of a connection that is no HTTP only the address is known."""
    if read(policy, *path, "kind") != "TCPRoute":
        return
    for field in _OF_HTTP:
        if read(policy, "spec", field) is not None:
            yield Mistake(path=("spec", field), rule="is for HTTP", cure=_OF_STREAMS)
    for rule, _ in items(policy, "spec", "authorization", "rules"):
        for place in ((*rule, "cel"), *((*rule, "principal", each) for each in _PRINCIPALS_OF_HTTP)):
            if read(policy, *place):
                yield Mistake(path=place, rule="is for HTTP", cure=_OF_STREAMS)


@judged
def _of_patched(stack: Stack, policy: Wire, path: Path) -> Iterator[Mistake]:
    """What is patched are the settings of Envoys: a Gateway's, or where a class merges them the class's."""
    kind, name = read(policy, *path, "kind"), read(policy, *path, "name", default="")
    if kind not in _PATCHED:
        yield Mistake(path=(*path, "kind"), value=kind, rule=f"is nothing to patch, only {listed(_PATCHED)} are")
    gateway = stack.find(GATEWAY_API, kind, namespace_of(policy), name) if kind == "Gateway" else None
    if gateway and (of_class := merging(stack, gateway)):
        rule = f"GatewayClass {of_class} merges its Gateways, so their Envoys are patched together"
        yield Mistake(path=(*path, "kind"), value=kind, rule=rule, cure=f"target GatewayClass {of_class}")


@judged
def _conflict(stack: Stack, policy: Wire, first: dict[Hashable, Wire]) -> Iterator[Mistake]:
    for target in _targets(stack, policy):
        key = namespace_of(policy), target.kind, target.name, target.section
        if (other := first.setdefault(key, policy)) is not policy:
            yield Mistake(
                path=target.path,
                value=target.name,
                rule=f"{shown(other)} targets {target} too, which takes one only: the older, else the first by name",
                cure="put the settings into one policy",
            )


def _targets(stack: Stack, policy: Wire) -> list[Target]:
    found = [_target(policy, path) for path in _target_paths(policy)]
    for path, selector in items(policy, "spec", "targetSelectors"):
        if read(selector, "namespaces", "from", default="Same") != "Same":
            raise NotKnown
        kind = read(selector, "group", default=GATEWAY_API), read(selector, "kind")
        found += [Target(path, kind, name, "") for name in _selected(stack, policy, selector, *kind)]
    return found


def _selected(stack: Stack, policy: Wire, selector: Any, group: str, kind: str) -> Iterator[str]:
    for wire in stack.of(group, kind):
        labels = read(wire, "metadata", "labels", default={})
        if namespace_of(wire) == namespace_of(policy) and selects(selector, lambda key, has=labels: read(has, key)):
            yield name_of(wire)


def _target(policy: Wire, path: Path) -> Target:
    value = read(policy, *path)
    kind = read(value, "group", default=GATEWAY_API), read(value, "kind", default="Gateway")
    return Target(path, kind, read(value, "name", default=""), read(value, "sectionName", default=""))


def _target_paths(policy: Wire) -> list[Path]:
    try:
        one: list[Path] = [("spec", "targetRef")] if read(policy, "spec", "targetRef") else []
        return [*one, *(path for path, _ in items(policy, "spec", "targetRefs"))]
    except NotKnown:
        return []
