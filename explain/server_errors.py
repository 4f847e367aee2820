"""Server errors: the 500 that clients get because Envoy Gateway refuses a filter, a backend or a policy.

A refused filter or policy makes Envoy Gateway answer every request of the rule with 500; a refused backend, the
requests that are for the backend. A GRPCRoute without any accepted rule is left out. Follows Envoy Gateway 1.9:
`processHTTPRouteRules`, `processGRPCRouteParentRefs`, `ProcessHTTPFilters`, `processDestination` and the
`translate...Policy...` functions in internal/gatewayapi.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from diagnostics import Path, Problem, is_below
from diagnostics.problem import reason
from explain.filters import extension_of
from explain.refusal import Refusal
from explain.rules import Rule
from gatewayapi.kinds import CORE, ENVOY_GATEWAY
from gatewayapi.listeners import Listener
from gatewayapi.policy_attachment import Attachable
from gatewayapi.references import Reference, reference, unusable
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import NotKnown, items, read

_DROPPED_BY_THE_API_SERVER = ("field-too-new", "kind-too-new", "version-too-new")
"""Codes of problems that Envoy Gateway never sees."""
_TARGETS = (("spec", "targetRef"), ("spec", "targetRefs"), ("spec", "targetSelectors"))
_ABLE_TO_FAIL_OPEN = {
    "EnvoyExtensionPolicy": (("spec", "extProc"), ("spec", "wasm")),
    "SecurityPolicy": (("spec", "extAuth"),),
}
"""Parts of a policy of which Envoy Gateway leaves out a refused one that has `failOpen`."""
_ABOUT_LOCATIONS = ("geoip-database-missing", "geoip-client-address-missing")
"""Codes of problems for which Envoy Gateway answers with 500 but leaves `authorization` to Envoy."""

_REFERENCES_OF_FILTERS = (
    (("extensionRef",), ENVOY_GATEWAY, "HTTPRouteFilter"),
    (("requestMirror", "backendRef"), CORE, "Service"),
)
"""Fields of a filter that refer to an object, with the group and kind that each defaults to."""


class ServerErrors:
    """The problems of objects, as far as they make Envoy Gateway answer with 500."""

    def __init__(self, problems: Iterable[tuple[Manifest, Problem]], topology: Topology) -> None:
        self._topology = topology
        self._problems: dict[ObjectName, list[Problem]] = {}
        for manifest, found in problems:
            if found.code not in _DROPPED_BY_THE_API_SERVER:
                with suppress(NotKnown):
                    self._problems.setdefault(ObjectName.of(manifest), []).append(found)

    def of_filters(self, route: Manifest, place: Path) -> Refusal | None:
        """The refused filter of the rule or backend at `place` of a route. Filters behind a fixed answer are ignored.

        Matches of an HTTPRouteFilter are no filter: Envoy Gateway drops a rule whose matches it refuses.
        """
        return next((Refusal.of(owner, found) for _, owner, found in self._refused_filters(route, place)), None)

    def of_route(self, route: Manifest, rules: Sequence[Rule]) -> Refusal | None:
        """The reason why Envoy Gateway leaves out a GRPCRoute: it accepts none of its rules.

        An HTTPRoute stays, and answers with 500. A rule with a reference that does not resolve counts as accepted.
        """
        kept = [rule for rule in rules if not rule.refusal]
        causes = [self._not_accepted(route, ("spec", "rules", rule.index)) for rule in kept]
        if route["kind"] != "GRPCRoute" or not causes:
            return None
        first = causes[0]
        if first is None or not all(causes):
            return None
        return Refusal(str(ObjectName.of(route)), reason("route-left-out", cause=first, fix=first.reason.fix))

    def of_backend(self, route: Manifest, ref: Reference, tls_policy: Manifest | None) -> Refusal | None:
        """The reason why Envoy Gateway refuses a backend of a route."""
        if refusal := self.at(route, ref.path):
            return refusal
        if found := unusable(self._topology.objects, route, ref):
            return Refusal.of(route, found)
        if refusal := self.of_filters(route, ref.path):
            return refusal
        if (ref.target.group, ref.target.kind) == (ENVOY_GATEWAY, "Backend"):
            backend = self._topology.objects.find(ref.target) or {}
            for found in self._of(backend):
                return Refusal.of(backend, found)
        if tls_policy is None:
            return None
        settings = (found for found in self._of(tls_policy) if not _is_at_target(found))
        return next((Refusal.of(tls_policy, found) for found in settings), None)

    def of_policy(self, policy: Manifest, listener: Listener, parent: Manifest | None = None) -> Refusal | None:
        """The reason why Envoy Gateway refuses the settings of a policy, merged over those of its `parent`."""
        for found in self._of_settings(policy, listener):
            return Refusal.of(policy, found)
        if parent is None:
            return None
        kept = (found for found in self._of_settings(parent, listener) if not _replaces(policy, found.path))
        return next((Refusal.of(parent, found) for found in kept), None)

    def of_target(self, policy: Manifest, place: Attachable, listener: Listener) -> Problem | None:
        """The reason why Envoy Gateway ignores a ClientTrafficPolicy at the place of `listener` that it targets."""
        paths = [target.path for target in self._topology.targets(policy) if target.to == place]
        for found in self._of(policy):
            of_port = found.words.get("port") == str(listener.port)
            if of_port and any(is_below(found.path, path) for path in paths):
                return found
        return None

    def leaves_out(self, policy: Manifest, part: str) -> bool:
        """Whether Envoy Gateway refuses this part of a SecurityPolicy and passes only the others to Envoy."""
        return any(found.code not in _ABOUT_LOCATIONS for found in self._below(policy, ("spec", part)))

    def lacks_locations(self, policy: Manifest) -> bool:
        """Whether Envoy does not look up the locations of clients that a SecurityPolicy asks for."""
        return any(found.code in _ABOUT_LOCATIONS for found in self._of(policy))

    def at(self, manifest: Manifest, path: Path) -> Refusal | None:
        """The first problem at `path` of an object or below."""
        return next((Refusal.of(manifest, found) for found in self._below(manifest, path)), None)

    def _of(self, manifest: Manifest) -> list[Problem]:
        return self._problems.get(ObjectName.of(manifest), []) if manifest else []

    def _below(self, manifest: Manifest, path: Path) -> Iterator[Problem]:
        """The problems at `path` of an object or below."""
        return (found for found in self._of(manifest) if is_below(found.path, path))

    def _of_settings(self, policy: Manifest, listener: Listener) -> Iterator[Problem]:
        kind = policy["kind"]
        for found in self._of(policy):
            without_tls = kind == "ClientTrafficPolicy" and listener.protocol == "HTTP"
            ignored = without_tls and is_below(found.path, ("spec", "tls"))
            fails_open = any(_fails_open(policy, part, found.path) for part in _ABLE_TO_FAIL_OPEN.get(kind, ()))
            if not (_is_at_target(found) or ignored or fails_open):
                yield found

    def _not_accepted(self, route: Manifest, place: Path) -> Refusal | None:
        """The refusal of a filter for which Envoy Gateway does not accept the rule at `place`."""
        for path, owner, found in self._refused_filters(route, place):
            if not (owner is route and _is_unresolved(found, path)):
                return Refusal.of(owner, found)
        return None

    def _refused_filters(self, route: Manifest, place: Path) -> Iterator[tuple[Path, Manifest, Problem]]:
        """The path of each refused filter, the object that has its problem, and the problem."""
        for path, value in items(route, *place, "filters"):
            if own := next(self._below(route, path), None) or self._unresolved(route, path, value):
                yield path, route, own
                if is_below(own.path, (*path, "extensionRef")):
                    return  # Envoy Gateway ignores the filters behind it, as behind a fixed answer
            extension = extension_of(value, route, self._topology)
            if extension is None:
                continue
            for found in self._of(extension):
                if not is_below(found.path, ("spec", "matches")):
                    yield path, extension, found
            if read(extension, "spec", "directResponse") is not None:
                return

    def _unresolved(self, route: Manifest, path: Path, value: Any) -> Problem | None:
        """The problem of a filter that refers to something missing."""
        objects = self._topology.objects
        for field, group, kind in _REFERENCES_OF_FILTERS:
            if read(value, *field) is None:
                continue
            ref = reference(route, (*path, *field), read(value, *field), group, kind)
            if ref.target.kind in ("HTTPRouteFilter", "Service") and (found := unusable(objects, route, ref)):
                return found
        return None


def _is_unresolved(found: Problem, path: Path) -> bool:
    """Whether a problem of the filter at `path` makes the condition ResolvedRefs false, and leaves Accepted alone."""
    if is_below(found.path, (*path, "extensionRef")):
        return found.code != "filter-kind-unknown"
    return is_below(found.path, (*path, "requestMirror"))


def _is_at_target(found: Problem) -> bool:
    """Whether the policy does not reach its target, and so changes nothing there."""
    return any(is_below(found.path, place) for place in _TARGETS)


def _fails_open(policy: Manifest, part: Path, path: Path) -> bool:
    """Whether the `part` of a policy that has the problem at `path` sets `failOpen`; in a list, the item with it."""
    if not is_below(path, part):
        return False
    item = path[: len(part) + 1] if isinstance(read(policy, *part), list) else part
    return read(policy, *item, "failOpen") is True


def _replaces(policy: Manifest, path: Path) -> bool:
    """Whether a policy has a value of its own for a field of its parent. Lists are replaced as a whole."""
    value: Any = policy
    for step in path:
        if isinstance(value, list):
            return True
        if (value := read(value, step)) is None:
            return False
    return True
