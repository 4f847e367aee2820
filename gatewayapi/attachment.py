"""Routes and the listeners that they attach to: https://gateway-api.sigs.k8s.io/concepts/api-overview/#attaching-routes-to-gateways."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.problem import Mistake, Path
from diagnostics.suggest import instead, listed
from gatewayapi.hostnames import intersection
from gatewayapi.listeners import Listener, admits, gateway_of, own, route_kinds, served
from gatewayapi.objects import GATEWAY_API, Stack, Wire, kind_of, namespace_of, shown
from gatewayapi.references import missing, reference
from kube.read import NotKnown, items, judged, read

_PARENTS = {(GATEWAY_API, "Gateway"), (GATEWAY_API, "ListenerSet")}


@dataclass(frozen=True)
class Attachment:
    """A listener that a route is attached to, and the hosts for which it is."""

    listener: Listener
    hosts: frozenset[str]


def attachments(stack: Stack, route: Wire) -> list[Attachment]:
    """Where a route is attached. Raises NotKnown when some of it is not known."""
    found: list[Attachment] = []
    for path, _ in items(route, "spec", "parentRefs"):
        parent = _parent(stack, route, path)
        if parent is None:
            continue
        for listener in _named(parent, read(route, *path)):
            hosts = _hosts(stack, route, listener)
            if hosts and _takes_kind(listener, route) and _admits(stack, listener, route):
                found.append(Attachment(listener, hosts))
    return found


@judged
def mistakes(stack: Stack, route: Wire) -> Iterator[Mistake]:
    for path, _ in items(route, "spec", "parentRefs"):
        yield from _of_parent(stack, route, path)


@judged
def _of_parent(stack: Stack, route: Wire, path: Path) -> Iterator[Mistake]:
    ref = read(route, *path)
    parent = _parent(stack, route, path)
    if parent is None:
        if absent := missing(stack, reference(route, path, ref, GATEWAY_API, "Gateway")):
            yield absent
        return
    named = _named(parent, ref)
    able = [listener for listener in named if _takes_kind(listener, route)]
    admitting = [listener for listener in able if _admits(stack, listener, route)]
    if not named:
        yield _no_listener(parent, path, ref)
    elif not able:
        yield _not_of_this_kind(route, path, named)
    elif not admitting:
        yield _not_from_here(route, path, able)
    elif not any(_hosts(stack, route, listener) for listener in admitting):
        yield _no_host(route, admitting)


def _parent(stack: Stack, route: Wire, path: Path) -> Wire | None:
    """The Gateway or ListenerSet; None when there is none. Raises NotKnown for what is not declared here."""
    ref = reference(route, path, read(route, *path), GATEWAY_API, "Gateway")
    if (ref.group, ref.kind) not in _PARENTS:
        raise NotKnown
    return stack.find(ref.group, ref.kind, ref.namespace, ref.name)


def _named(parent: Wire, ref: Any) -> list[Listener]:
    section, port = read(ref, "sectionName"), read(ref, "port")
    return [each for each in own(parent) if section in (None, each.name) and port in (None, each.port)]


def _takes_kind(listener: Listener, route: Wire) -> bool:
    kinds = [read(kind, "kind") for _, kind in items(listener.wire, "allowedRoutes", "kinds")]
    return kind_of(route) in route_kinds(listener) and kind_of(route) in (kinds or [kind_of(route)])


def _admits(stack: Stack, listener: Listener, route: Wire) -> bool:
    namespaces = read(listener.wire, "allowedRoutes", "namespaces")
    return admits(stack, namespaces, listener.owner, namespace_of(route), unless_said="Same")


def _hosts(stack: Stack, route: Wire, listener: Listener) -> frozenset[str]:
    """A host that another listener of the port names is that one's, whether or not the route is attached to it."""
    if kind_of(route) in ("TCPRoute", "UDPRoute"):
        return frozenset(intersection("", []))
    gateway = gateway_of(stack, listener.owner)
    others = served(stack, gateway) if gateway is not None else []
    taken = {each.hostname for each in others if each.port == listener.port and each.hostname != listener.hostname}
    return frozenset(intersection(listener.hostname, _hostnames(route))) - taken


def _hostnames(route: Wire) -> list[str]:
    return [read(hostname) for _, hostname in items(route, "spec", "hostnames")]


def _no_listener(parent: Wire, path: Path, ref: Any) -> Mistake:
    listeners = own(parent)
    section, port = read(ref, "sectionName"), read(ref, "port")
    names = [each.name for each in listeners]
    if section is not None and section not in names:
        rule, cure = f"{shown(parent)} has no listener of that name", instead(section, names)
        return Mistake(path=(*path, "sectionName"), value=section, rule=rule, cure=cure)
    ports = sorted({str(each.port) for each in listeners if section in (None, each.name)})
    of = f"listener {section} of {shown(parent)} has" if section is not None else f"{shown(parent)} has a listener on"
    return Mistake(path=(*path, "port"), value=port, rule=f"{of} port {listed(ports)} only")


def _not_of_this_kind(route: Wire, path: Path, listeners: list[Listener]) -> Mistake:
    listener = listeners[0]
    kind = kind_of(route)
    if kind not in route_kinds(listener):
        rule = f"{listener} has protocol {listener.protocol}, which serves {listed(route_kinds(listener))} only"
        cure = f"attach the {kind} to a listener of another protocol"
    else:
        rule, cure = f"{listener} admits no {kind}", f"add {kind} to its allowedRoutes.kinds"
    return Mistake(path=path, value=read(route, *path, "name"), rule=rule, cure=cure)


def _not_from_here(route: Wire, path: Path, listeners: list[Listener]) -> Mistake:
    listener = listeners[0]
    here, there = namespace_of(route), namespace_of(listener.owner)
    match read(listener.wire, "allowedRoutes", "namespaces", "from", default="Same"):
        case "Selector":
            rule = f"{listener} does not select namespace {here}"
            cure = f"give namespace {here} the labels of its allowedRoutes.namespaces.selector"
        case "Same":
            rule = f"{listener} admits routes of its own namespace {there} only"
            cure = f"set its allowedRoutes.namespaces.from to All or Selector, or move the route to {there}"
        case _:
            rule, cure = f"{listener} admits no routes", "set its allowedRoutes.namespaces.from"
    return Mistake(path=path, value=read(route, *path, "name"), rule=rule, cure=cure)


def _no_host(route: Wire, listeners: list[Listener]) -> Mistake:
    hostnames = _hostnames(route)
    if any(intersection(listener.hostname, hostnames) for listener in listeners):
        rule = f"another listener on port {listeners[0].port} has just these hosts, so {listeners[0]} never sees them"
        cure = "attach the route to the listener that has them"
    else:
        theirs = listed([each.hostname for each in listeners])
        rule, cure = f"no host of the route is one of {theirs}", f"choose hosts of {theirs}"
    return Mistake(path=("spec", "hostnames"), value=", ".join(hostnames), rule=rule, cure=cure)
