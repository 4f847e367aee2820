"""References from one object to another: that the other is there, and that it may be referred to.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant and what Envoy Gateway makes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.problem import Mistake, Path
from diagnostics.suggest import instead
from gatewayapi.objects import CORE, ENVOY_GATEWAY, GATEWAY_API, ROUTES, Stack, Wire, group_of, kind_of, namespace_of
from kube.json_paths import children
from kube.read import NotKnown, items, judged, read

_SERVICE, _SECRET = (CORE, "Service"), (CORE, "Secret")
_FIELDS = {
    "backendRef": _SERVICE,
    "backendRefs": _SERVICE,
    "caCertificateRef": _SECRET,
    "caCertificateRefs": _SECRET,
    "clientCertificateRef": _SECRET,
    "clientIDRef": _SECRET,
    "clientSecret": _SECRET,
    "credentialRefs": _SECRET,
    "extensionRef": (ENVOY_GATEWAY, "HTTPRouteFilter"),
    "parametersRef": (ENVOY_GATEWAY, "EnvoyProxy"),
    "pullSecretRef": _SECRET,
    "refs": _SECRET,  # of the revocation lists of a ClientTrafficPolicy
    "users": _SECRET,
    "valueRef": _SECRET,
}
"""Fields that hold a reference or a list of them, with what they are to when they do not say it."""

_PLACES = {
    **{(GATEWAY_API, kind): [("spec", "rules")] for kind in ROUTES},
    (GATEWAY_API, "Gateway"): [("spec", "tls"), ("spec", "infrastructure")],
    (GATEWAY_API, "GatewayClass"): [("spec",)],
    (GATEWAY_API, "BackendTLSPolicy"): [("spec", "validation")],
    (ENVOY_GATEWAY, "EnvoyProxy"): [("spec", "telemetry")],  # a pod's template may have fields of the same names
    **{
        (ENVOY_GATEWAY, kind): [("spec",)]
        for kind in (
            "Backend",
            "BackendTrafficPolicy",
            "ClientTrafficPolicy",
            "EnvoyExtensionPolicy",
            "HTTPRouteFilter",
            "SecurityPolicy",
        )
    },
}
"""Where these fields are looked for."""

_FREE = {"EnvoyProxy", "GatewayClass"}
"""Kinds that need no ReferenceGrant."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What an object says of another one, with the defaults of the API filled in."""

    path: Path
    group: str
    kind: str
    namespace: str
    name: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def reference(wire: Wire, path: Path, value: Any, group: str, kind: str) -> Reference:
    return Reference(
        path=path,
        group=read(value, "group", default=group),
        kind=read(value, "kind", default=kind),
        namespace=read(value, "namespace", default=namespace_of(wire)),
        name=read(value, "name", default=""),
        port=read(value, "port"),
    )


def mistakes(stack: Stack, wire: Wire) -> Iterator[Mistake]:
    for path, value, (group, kind) in _within(wire):
        yield from _of_one(stack, wire, path, value, group, kind)


@judged
def _of_one(stack: Stack, wire: Wire, path: Path, value: Any, group: str, kind: str) -> Iterator[Mistake]:
    ref = reference(wire, path, value, group, kind)
    if broken := unresolved(stack, wire, ref):
        yield broken
    elif ref.kind == "Service" and ref.group == CORE:
        yield from _of_service(stack, wire, ref)


def missing(stack: Stack, ref: Reference) -> Mistake | None:
    """That there is no such object."""
    if stack.find(ref.group, ref.kind, ref.namespace, ref.name) is not None:
        return None
    cure = instead(ref.name, stack.names(ref.group, ref.kind, ref.namespace))
    return Mistake(path=(*ref.path, "name"), value=ref.name, rule=f"there is no {ref}", cure=cure)


def unresolved(stack: Stack, wire: Wire, ref: Reference) -> Mistake | None:
    """Why `wire` may not or cannot refer to it."""
    return _forbidden(stack, wire, ref) or missing(stack, ref)


def _forbidden(stack: Stack, wire: Wire, ref: Reference) -> Mistake | None:
    if _is_permitted(stack, wire, ref):
        return None
    here, there = namespace_of(wire), ref.namespace
    return Mistake(
        path=(*ref.path, "namespace"),
        value=there,
        rule=f"no ReferenceGrant lets a {kind_of(wire)} of namespace {here} refer to {ref}",
        cure=f"declare one in namespace {there}, from {kind_of(wire)} of {here} to {ref.kind}",
    )


def _of_service(stack: Stack, wire: Wire, ref: Reference) -> Iterator[Mistake]:
    service = stack.find(ref.group, ref.kind, ref.namespace, ref.name)
    if read(service, "spec", "type") == "ExternalName":
        cure = "refer to a Backend with an fqdn endpoint"
        yield Mistake(path=ref.path, value=ref.name, rule=f"{ref} is an ExternalName, which no Envoy serves", cure=cure)
        return
    protocol = "UDP" if kind_of(wire) == "UDPRoute" else "TCP"
    ports = {
        read(port, "port"): read(port, "name", default="")
        for _, port in items(service, "spec", "ports")
        if read(port, "protocol", default="TCP") == protocol
    }
    if ref.port not in ports:
        theirs = ", ".join(f"{port} ({name})" if name else str(port) for port, name in sorted(ports.items()))
        yield Mistake(
            path=(*ref.path, "port"),
            value=ref.port,
            rule=f"{ref} has no {protocol} port {ref.port}" if ref.port else f"says no port of {ref}",
            cure=f"of {protocol} it has {theirs}" if theirs else f"give it a {protocol} port",
        )


def _is_permitted(stack: Stack, wire: Wire, ref: Reference) -> bool:
    here = namespace_of(wire)
    if ref.namespace == here or kind_of(wire) in _FREE:
        return True
    for grant in stack.of(GATEWAY_API, "ReferenceGrant"):
        if namespace_of(grant) == ref.namespace and _grants(grant, wire, here, ref):
            return True
    if not stack.declares(ref.namespace):
        raise NotKnown
    return False


def _grants(grant: Wire, wire: Wire, here: str, ref: Reference) -> bool:
    origin = group_of(wire), kind_of(wire), here
    return any(
        origin == (read(each, "group", default=CORE), read(each, "kind"), read(each, "namespace"))
        for each in read(grant, "spec", "from", default=[])
    ) and any(
        (ref.group, ref.kind) == (read(each, "group", default=CORE), read(each, "kind"))
        and read(each, "name", default=ref.name) in ("", ref.name)
        for each in read(grant, "spec", "to", default=[])
    )


def _within(wire: Wire) -> Iterator[tuple[Path, Any, tuple[str, str]]]:
    for place in _PLACES.get((group_of(wire), kind_of(wire)), []):
        yield from _below(_at(wire, place), place)


def _at(wire: Wire, place: Path) -> Any:
    try:
        return read(wire, *place)
    except NotKnown:
        return None


def _below(value: Any, path: Path) -> Iterator[tuple[Path, Any, tuple[str, str]]]:
    for step, child in children(value):
        if step not in _FIELDS:
            yield from _below(child, (*path, step))
        elif isinstance(child, list):
            for index, item in children(child):
                yield (*path, step, index), item, _FIELDS[step]
                yield from _below(item, (*path, step, index))  # a backend may have filters
        else:
            yield (*path, step), child, _FIELDS[step]
