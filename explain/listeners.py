"""The listeners of Gateways and of the ListenerSets that are merged into them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from explain.objects import GATEWAY_API, Objects, Reference, Wire, part, parts
from explain.request import Request
from gatewayapi.fleets import sharing
from gatewayapi.kinds import carried
from gatewayapi.objects import Stack
from gatewayapi.selectors import selects


@dataclass(frozen=True)
class Listener:
    """`owner` is the Gateway, or the ListenerSet that adds it to the Gateway. `problem` says why it serves nothing."""

    gateway: Reference
    owner: Reference
    name: str
    port: int
    protocol: str
    hostname: str
    """Empty: any."""
    kinds: tuple[str, ...]
    """Of routes that may attach."""
    namespaces: Wire = field(hash=False)
    """`allowedRoutes.namespaces`: whose."""
    problem: str = ""

    def __str__(self) -> str:
        return f"listener {self.name} of {self.owner}"

    def admits(self, namespace: str, objects: Objects) -> bool:
        return _from(self.namespaces, "Same", self.owner.namespace, namespace, objects)


def of_fleets(objects: Objects) -> list[list[Listener]]:
    """Those that are served by the same Envoys, each Gateway's own before those of its ListenerSets; those in conflict
    say so."""
    found: list[list[Listener]] = []
    for gateways in sharing(Stack(objects.all())):
        listeners = [listener for gateway in gateways for listener in _of_gateway(gateway, objects)]
        found.append([_checked(each, listeners) for each in listeners])
    return found


def port_reached(request: Request, objects: Objects) -> int:
    """The listeners' port that a request comes to: through a node's port where an EnvoyProxy leads one there."""
    service = ("spec", "provider", "kubernetes", "envoyService", "patch", "value", "spec", "ports")
    ports = [each for proxy in objects.of_kind("EnvoyProxy") for each in parts(proxy, *service)]
    return next((int(each["port"]) for each in ports if each.get("nodePort") == request.port), request.port)


def misfit(listener: Listener, request: Request, port: int) -> str:
    """Why a request that comes to `port` cannot be for this listener; empty when it can."""
    if listener.problem:
        return listener.problem
    protocols = _protocols(request)
    if listener.protocol not in protocols:
        return f"it speaks {listener.protocol} on port {listener.port}; the request is {request.scheme}"
    return "" if listener.port == port else f"it listens on port {listener.port}, not {port}"


def _protocols(request: Request) -> tuple[str, ...]:
    """A client cannot tell a listener that ends TLS from one that passes it through."""
    if not request.has_http:
        return (request.scheme.upper(),)
    return ("HTTPS", "TLS") if request.secure else ("HTTP",)


def _of_gateway(wire: Wire, objects: Objects) -> Iterator[Listener]:
    gateway = Reference.of(wire)
    yield from _of(wire, gateway)
    allowed = part(wire, "spec", "allowedListeners", "namespaces")
    for listener_set in objects.of_kind("ListenerSet"):
        if _parent(listener_set) == gateway:
            own = Reference.of(listener_set)
            admitted = _from(allowed, "None", gateway.namespace, own.namespace, objects)
            problem = "" if admitted else f"{gateway} does not allow ListenerSets of {own.namespace}"
            yield from (replace(each, problem=problem) for each in _of(listener_set, gateway))


def _of(wire: Wire, gateway: Reference) -> Iterator[Listener]:
    for listener in parts(wire, "spec", "listeners"):
        served = carried(listener["protocol"], part(listener, "tls").get("mode"))
        kinds = parts(listener, "allowedRoutes", "kinds")
        asked = [kind["kind"] for kind in kinds if kind.get("group", GATEWAY_API) == GATEWAY_API]
        yield Listener(
            gateway=gateway,
            owner=Reference.of(wire),
            name=listener["name"],
            port=int(listener["port"]),
            protocol=listener["protocol"],
            hostname=(listener.get("hostname") or "").lower(),
            kinds=tuple(kind for kind in served if kind in asked) if kinds else served,
            namespaces=part(listener, "allowedRoutes", "namespaces"),
        )


def _parent(listener_set: Wire) -> Reference:
    reference: Wire = listener_set["spec"]["parentRef"]
    return Reference("Gateway", reference.get("namespace") or Reference.of(listener_set).namespace, reference["name"])


def _from(allowed: Wire, default: str, home: str, namespace: str, objects: Objects) -> bool:
    match allowed.get("from") or default:
        case "All":
            return True
        case "Same":
            return namespace == home
        case "Selector":
            return selects(part(allowed, "selector"), objects.labels_of_namespace(namespace).get)
        case _:
            return False


def _checked(listener: Listener, listeners: Sequence[Listener]) -> Listener:
    """With the problem that another one of its fleet has its place, if so.

    The earlier one keeps it, unless both are of the same owner: then neither does, but for TCP and UDP. Nor does either
    of two Gateways that speak different protocols on one port.
    """
    if listener.problem:
        return listener
    for other in listeners:
        layer4 = (listener.protocol == "UDP", listener.port)
        if other is listener or other.problem or (other.protocol == "UDP", other.port) != layer4:
            continue
        goes_first = listeners.index(other) < listeners.index(listener)
        same_owner = other.owner == listener.owner and listener.protocol not in ("TCP", "UDP")
        of_gateways = (other.owner, listener.owner) == (other.gateway, listener.gateway)
        if _family(other) != _family(listener):
            if goes_first or same_owner or of_gateways:
                return replace(listener, problem=f"{other} speaks {other.protocol} on the same port {listener.port}")
        elif other.hostname == listener.hostname and (goes_first or same_owner):
            hostname = listener.hostname or "any host name"
            return replace(listener, problem=f"{other} has the same port {listener.port} and {hostname} too")
    return listener


def _family(listener: Listener) -> str:
    return "TLS" if listener.protocol in ("HTTPS", "TLS") else listener.protocol
