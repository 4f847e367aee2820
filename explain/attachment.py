"""Which listeners a route attaches to, under which host names, and why not to the others.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#parentreference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explain.listeners import Listener
from explain.objects import Objects, Reference, Wire, part, parts
from gatewayapi import hostnames


@dataclass(frozen=True)
class Attachment:
    """`hostnames` is empty when the listener does not take the route; `refusal` then says why."""

    listener: Listener
    hostnames: tuple[str, ...] = ()
    refusal: str = ""


def attachments(route: Wire, listeners: Sequence[Listener], objects: Objects) -> Iterator[Attachment]:
    """One for each listener that a parentRef of the route means, in their order."""
    for parent in parts(route, "spec", "parentRefs"):
        for listener in listeners:
            if not listener.problem and _means(parent, listener, Reference.of(route).namespace):
                yield _attachment(route, listener, listeners, objects)


def _means(parent: Wire, listener: Listener, namespace: str) -> bool:
    owner = Reference(parent.get("kind") or "Gateway", parent.get("namespace") or namespace, parent["name"])
    section, port = parent.get("sectionName"), parent.get("port")
    return owner == listener.owner and section in (None, listener.name) and port in (None, listener.port)


def _attachment(route: Wire, listener: Listener, listeners: Sequence[Listener], objects: Objects) -> Attachment:
    own = Reference.of(route)
    if own.kind not in listener.kinds:
        return Attachment(listener, refusal=f"{listener} takes {' and '.join(listener.kinds) or 'no routes'}")
    if not listener.admits(own.namespace, objects):
        return Attachment(listener, refusal=f"{listener} does not allow routes of namespace {own.namespace}")
    asked = [hostname.lower() for hostname in part(route, "spec").get("hostnames") or ()]
    both = hostnames.intersection(listener.hostname, asked)
    if not both:
        return Attachment(listener, refusal=f"{listener} is for {listener.hostname}, the route for {', '.join(asked)}")
    # A listener leaves its host name to no other; but what merely lies within another one's wildcard is not given up.
    beside = [other for other in listeners if other != listener and other.gateway == listener.gateway]
    others = {other.hostname for other in beside if other.port == listener.port}
    left = tuple(hostname for hostname in both if not asked or hostname not in others)
    if not left:
        return Attachment(listener, refusal=f"another listener on port {listener.port} has {', '.join(both)}")
    return Attachment(listener, left)
