"""The policies that act on a rule's traffic: which of them count, and what each is attached to.

Of one kind the policy at the narrowest place counts alone; with `mergeType` it is merged over the nearest one of the
listener or the Gateway. At the same place the oldest counts. Follows
https://gateway.envoyproxy.io/docs/concepts/gateway_api_extensions/ and, for BackendTLSPolicy, Gateway API.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explain.backends import Backend, is_granted
from explain.listeners import Listener
from explain.objects import GATEWAY_API, GROUPS, Objects, Reference, Wire, part, parts
from gatewayapi.selectors import selects

# In the order in which a request meets them: the connection first, the way to the backend last.
_OF_ROUTES = ("SecurityPolicy", "EnvoyExtensionPolicy", "BackendTrafficPolicy")
_TARGETING = ("targetRef", "targetRefs", "targetSelectors", "mergeType")


@dataclass(frozen=True)
class AppliedPolicy:
    """`settings` are the parts of its spec. `note` says what it is merged over, or what it is replaced by."""

    policy: Reference
    place: str
    settings: tuple[str, ...]
    counts: bool = True
    note: str = ""


@dataclass(frozen=True)
class _Place:
    """Something that a policy can target: an object, or a section of it."""

    object: Reference
    section: str = ""

    def __str__(self) -> str:
        kind = "rule" if self.object.kind.endswith("Route") else "listener"
        return f"{kind} {self.section} of {self.object}" if self.section else str(self.object)


def policies(
    listener: Listener, route: Reference, rule_name: str, backends: Sequence[Backend], objects: Objects
) -> tuple[AppliedPolicy, ...]:
    """Those that count, in the order in which a request meets them, each followed by those it replaces."""
    of_listener = _places_of(listener)
    of_route = [*([_Place(route, rule_name)] if rule_name else []), _Place(route)]
    found = list(_applied("ClientTrafficPolicy", [], of_listener, objects))
    for kind in _OF_ROUTES:
        found += _applied(kind, of_route, of_listener, objects)
    for backend in backends:
        found += _tls(backend, objects)
    return tuple(found)


def client_settings(listener: Listener, objects: Objects) -> Wire:
    """The spec of the ClientTrafficPolicy that counts for a listener; empty without one."""
    for place in _places_of(listener):
        if wire := _first("ClientTrafficPolicy", place, objects):
            return wire["spec"]
    return {}


def _places_of(listener: Listener) -> list[_Place]:
    """The narrowest first."""
    own = [_Place(listener.owner, listener.name), _Place(listener.owner)]
    return own if listener.owner == listener.gateway else [*own, _Place(listener.gateway)]


def _applied(
    kind: str, of_route: Sequence[_Place], of_listener: Sequence[_Place], objects: Objects
) -> Iterator[AppliedPolicy]:
    there = [(place, wire) for place in (*of_route, *of_listener) if (wire := _first(kind, place, objects))]
    if not there:
        return
    place, counting = there[0]
    merges = place in of_route and "mergeType" in counting["spec"]
    parent = next(((at, wire) for at, wire in there[1:] if at in of_listener), None) if merges else None
    over = f"merged over {Reference.of(parent[1])} ({counting['spec']['mergeType']})" if parent else ""
    yield AppliedPolicy(Reference.of(counting), str(place), _settings(counting), note=over)
    for at, wire in there[1:]:
        if parent and (at, wire) == parent:
            yield AppliedPolicy(Reference.of(wire), str(at), _settings(wire))
        else:
            note = f"replaced by {Reference.of(counting)}"
            yield AppliedPolicy(Reference.of(wire), str(at), _settings(wire), counts=False, note=note)


def _first(kind: str, place: _Place, objects: Objects) -> Wire | None:
    return next((wire for wire in objects.of_kind(kind) if _targets(wire, place, objects)), None)


def _targets(policy: Wire, place: _Place, objects: Objects) -> bool:
    spec, own = policy["spec"], Reference.of(policy)
    references = [*parts(spec, "targetRefs"), *([spec["targetRef"]] if "targetRef" in spec else [])]
    named = any(
        (each.get("group") or "", each["kind"], each["name"], each.get("sectionName") or "")
        == (GROUPS.get(place.object.kind), place.object.kind, place.object.name, place.section)
        for each in references
    )
    if named and own.namespace == place.object.namespace:
        return True
    return not place.section and any(
        _selected(selector, own, place.object, objects) for selector in parts(spec, "targetSelectors")
    )


def _selected(selector: Wire, policy: Reference, target: Reference, objects: Objects) -> bool:
    wire = objects.find(target)
    if wire is None or (selector.get("group") or GATEWAY_API, selector["kind"]) != (GROUPS[target.kind], target.kind):
        return False
    namespaces = part(selector, "namespaces")
    match namespaces.get("from") or "Same":
        case "All":
            near = True
        case "Selector":
            near = selects(part(namespaces, "selector"), objects.labels_of_namespace(target.namespace).get)
        case _:
            near = policy.namespace == target.namespace
    return near and selects(selector, part(wire, "metadata", "labels").get) and is_granted(policy, target, objects)


def _tls(backend: Backend, objects: Objects) -> Iterator[AppliedPolicy]:
    ports = parts(objects.find(backend.target) or {}, "spec", "ports")
    section = next((each.get("name") or "" for each in ports if each.get("port") == backend.port), "")
    for place in dict.fromkeys([_Place(backend.target, section), _Place(backend.target)]):
        if wire := _first("BackendTLSPolicy", place, objects):
            port = f"port {section} of {backend.target}" if place.section else str(backend.target)
            yield AppliedPolicy(Reference.of(wire), port, _settings(wire))
            return


def _settings(policy: Wire) -> tuple[str, ...]:
    return tuple(part for part in policy["spec"] if part not in _TARGETING)
