"""Topology: Gateways, listeners, routes and policies of a set of objects, and how they are connected.

Everything is derived from the objects once and then remembered. Each method raises NotKnown when the answer depends on
a value that is known only after `up`, or on an object that a cluster may have beside the stack.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar, cast

from diagnostics import Path, Problem
from gatewayapi.attachment import Attachment, attachments_of_parent
from gatewayapi.conflicts import Conflict, conflicts
from gatewayapi.fleets import Fleet, fleets
from gatewayapi.kinds import GATEWAY_API, GROUPS
from gatewayapi.listeners import Listener, gateway_of, not_allowed, own_listeners, served_listeners
from gatewayapi.objects import Objects, precedence
from gatewayapi.policy_attachment import Attachable, Target, targets
from kube.manifest import Manifest
from kube.read import NotKnown, items

T = TypeVar("T")


class Topology:
    """The connections between the objects of a stack, or with `complete` of a whole cluster."""

    def __init__(self, manifests: Iterable[Manifest], *, complete: bool = False) -> None:
        self.objects = Objects(manifests, complete=complete)
        self._remembered: dict[Hashable, object] = {}

    @property
    def fleets(self) -> list[Fleet]:
        """All Gateways by the Envoys that serve them."""
        return self._once("fleets", lambda: fleets(self.objects))

    def fleet_of(self, gateway: Manifest) -> Fleet:
        """The fleet that a Gateway belongs to."""

        def index() -> dict[int, Fleet]:
            return {id(gateway): fleet for fleet in self.fleets for gateway in fleet.gateways}

        return self._once("fleet of", index)[id(gateway)]

    def listeners(self, gateway: Manifest) -> list[Listener]:
        """Listeners of a Gateway and of the ListenerSets that it admits, in order of precedence."""
        return self._once(("listeners", id(gateway)), lambda: list(served_listeners(self.objects, gateway)))

    def listeners_of_owner(self, owner: Manifest) -> list[Listener]:
        """Listeners that a Gateway or ListenerSet itself declares; not served when no Gateway admits it."""
        gateway = gateway_of(self.objects, owner)
        admitted = self.listeners(gateway) if gateway is not None else []
        own = [listener for listener in admitted if listener.owner is owner]
        return own or own_listeners(gateway or owner, owner)

    def conflict_of(self, listener: Listener) -> Conflict | None:
        """The conflict by which another listener on the same port replaces this one, if there is one."""
        fleet = self.fleet_of(listener.gateway)
        return self._conflicts(fleet).get(listener)

    def refusal_of(self, listener: Listener) -> Problem | None:
        """The reason why a listener serves nothing: a refused ListenerSet, or another listener on the port."""
        if listener not in self.listeners(listener.gateway):
            return not_allowed(listener.owner, listener.gateway)
        conflict = self.conflict_of(listener)
        return conflict.problem(listener) if conflict else None

    def is_served(self, listener: Listener) -> bool:
        """Whether a Gateway admits the listener and no other listener replaces it."""
        return self.refusal_of(listener) is None

    def hostnames_on_port(self, listener: Listener) -> frozenset[str]:
        """Host names that listeners of the same Gateway and port keep to themselves."""

        def collect() -> frozenset[str]:
            same_port = [other for other in self.listeners(listener.gateway) if other.port == listener.port]
            return frozenset(other.hostname for other in same_port if not self._lost_hostname(other))

        return self._once(("hostnames", id(listener.gateway), listener.port), collect)

    def routes(self, *kinds: str) -> list[Manifest]:
        """Routes of these kinds whose names are known, ranked together as Gateway API ranks conflicts."""

        def is_named(route: Manifest) -> bool:
            try:
                return bool(precedence(route))
            except NotKnown:
                return False

        return sorted(filter(is_named, self.objects.of_kind(GATEWAY_API, *kinds)), key=precedence)

    def attachments(self, route: Manifest) -> list[Attachment]:
        """The attachments of every parentRef of a route: one for each listener that it means."""
        return [
            attachment
            for path, _ in items(route, "spec", "parentRefs")
            for attachment in self.attachments_of_parent(route, path)
        ]

    def known_attachments(self, route: Manifest) -> Iterator[Attachment]:
        """The attachments of a route without those of parents that the stack does not declare or Gateway API lacks."""
        for path, _ in items(route, "spec", "parentRefs"):
            with suppress(NotKnown):
                yield from self.attachments_of_parent(route, path)

    def attachments_of_parent(self, route: Manifest, path: Path) -> list[Attachment]:
        """The attachments of one parentRef of a route."""
        return self._once(("parent", id(route), path), lambda: list(attachments_of_parent(self, route, path)))

    def attached(self, route: Manifest) -> list[tuple[Listener, tuple[str, ...]]]:
        """The listeners that take a route, each with the host names for which it does."""
        return [
            (attachment.listener, attachment.hostnames)
            for attachment in self.attachments(route)
            if attachment.listener is not None and attachment.refusal is None
        ]

    def targets(self, policy: Manifest) -> list[Target]:
        """Everything that a policy targets."""
        return self._once(("targets", id(policy)), lambda: list(targets(self.objects, policy)))

    def policies_for(self, kind: str, target: Attachable) -> list[Manifest]:
        """Policies of one kind with just this target; the first takes precedence."""
        return self._policies(kind).get(target, [])

    def _policies(self, kind: str) -> dict[Attachable, list[Manifest]]:
        def collect() -> dict[Attachable, list[Manifest]]:
            found: dict[Attachable, list[Manifest]] = {}
            for policy in self.objects.of_kind(GROUPS.get(kind, GATEWAY_API), kind):
                for target in dict.fromkeys(entry.to for entry in self._targets_if_known(policy)):
                    found.setdefault(target, []).append(policy)
            return {target: sorted(policies, key=precedence) for target, policies in found.items()}

        return self._once(("policies", kind), collect)

    def _targets_if_known(self, policy: Manifest) -> list[Target]:
        try:
            return self.targets(policy)
        except NotKnown:
            return []

    def _conflicts(self, fleet: Fleet) -> dict[Listener, Conflict]:
        listeners = (self.listeners(gateway) for gateway in fleet.gateways)
        return self._once(("conflicts", id(fleet)), lambda: conflicts(listeners, merged=fleet.merged))

    def _lost_hostname(self, listener: Listener) -> bool:
        conflict = self.conflict_of(listener)
        return conflict is not None and conflict.field == "hostname" and self.conflict_of(conflict.other) is None

    def _once(self, key: Hashable, derive: Callable[[], T]) -> T:
        if key not in self._remembered:
            try:
                self._remembered[key] = derive()
            except NotKnown as error:
                self._remembered[key] = error
        found = self._remembered[key]
        if isinstance(found, NotKnown):
            raise found
        return cast(T, found)
