"""References from one object to another: the fields that hold them, and whether each resolves.

Follows https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant as Envoy Gateway applies it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from diagnostics import Path, Problem, listed, problem, suggest
from gatewayapi.kinds import CORE, ENVOY_GATEWAY, GATEWAY_API, ROUTES
from gatewayapi.objects import Objects
from kube.json_paths import children
from kube.manifest import Manifest, ObjectName, group_of, kind_of, namespace_of
from kube.read import NotKnown, read, values

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
    "refs": _SECRET,  # the revocation lists of a ClientTrafficPolicy
    "users": _SECRET,
    "valueRef": _SECRET,
}
"""Fields that hold a reference or a list of references, with the group and kind that each defaults to."""

_ROOTS = {
    **{(GATEWAY_API, kind): [("spec", "rules")] for kind in ROUTES},
    (GATEWAY_API, "Gateway"): [("spec", "tls"), ("spec", "infrastructure")],
    (GATEWAY_API, "GatewayClass"): [("spec",)],
    (GATEWAY_API, "BackendTLSPolicy"): [("spec", "validation")],
    (ENVOY_GATEWAY, "EnvoyProxy"): [
        ("spec", "backendTLS"),
        ("spec", "telemetry"),
    ],  # a pod template may have fields of the same names
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
"""Places of these fields, by group and kind."""

_NEED_NO_GRANT = {"EnvoyProxy", "GatewayClass"}


class Resolution(Enum):
    """The result of resolving a reference."""

    FOUND = "found"
    MISSING = "missing"
    NOT_PERMITTED = "not permitted"
    NOT_KNOWN = "not known before up"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A field that names another object, with the API's defaults filled in."""

    path: Path
    target: ObjectName
    port: int | None = None
    key: str | None = None
    """The key of a ConfigMap or Secret, where the reference names one."""

    def __str__(self) -> str:
        return str(self.target)


def reference(manifest: Manifest, path: Path, value: Any, group: str, kind: str) -> Reference:
    """The reference in `value`, which is at `path` in `manifest` and refers to `group` and `kind` by default."""
    target = ObjectName.referred(
        read(value, "group", default=group),
        read(value, "kind", default=kind),
        read(value, "namespace", default=namespace_of(manifest)),
        read(value, "name", default=""),
    )
    return Reference(path=path, target=target, port=read(value, "port"), key=read(value, "key"))


def references(manifest: Manifest) -> Iterator[tuple[Path, Any, str, str]]:
    """Path and value of every reference in an object, with the group and kind that it defaults to."""
    for root in _ROOTS.get((group_of(manifest), kind_of(manifest)), []):
        try:
            value = read(manifest, *root)
        except NotKnown:
            continue
        yield from _below(value, root)


def resolve(objects: Objects, manifest: Manifest, ref: Reference) -> Resolution:
    """Whether the target of a reference from `manifest` exists and may be referred to."""
    try:
        if not is_permitted(objects, ObjectName.of(manifest), ref.target):
            return Resolution.NOT_PERMITTED
        return Resolution.MISSING if objects.find(ref.target) is None else Resolution.FOUND
    except NotKnown:
        return Resolution.NOT_KNOWN


def unresolved(objects: Objects, manifest: Manifest, ref: Reference) -> Problem | None:
    """The reason why a reference from `manifest` does not resolve. Raises NotKnown when that depends on `up`."""
    match resolve(objects, manifest, ref):
        case Resolution.FOUND:
            return None
        case Resolution.MISSING:
            return missing(objects, ref)
        case Resolution.NOT_PERMITTED:
            return not_permitted(manifest, ref)
        case Resolution.NOT_KNOWN:
            raise NotKnown


def missing(objects: Objects, ref: Reference) -> Problem | None:
    """The problem that the target does not exist, if so. Raises NotKnown when that depends on `up`."""
    if objects.find(ref.target) is not None:
        return None
    target = ref.target
    names = objects.names(target.group, target.kind, target.namespace)
    return problem(
        "reference-missing", (*ref.path, "name"), target.name, target=target, suggestion=suggest(target.name, names)
    )


def not_permitted(manifest: Manifest, ref: Reference) -> Problem:
    """The problem that no ReferenceGrant permits the reference."""
    return problem(
        "reference-not-permitted",
        (*ref.path, "namespace"),
        ref.target.namespace,
        kind=kind_of(manifest),
        source=namespace_of(manifest),
        target=ref.target,
        target_kind=ref.target.kind,
        namespace=ref.target.namespace,
    )


def unusable_service(objects: Objects, manifest: Manifest, ref: Reference) -> Problem | None:
    """The reason why an existing Service is not usable: it has no such port, or it is an ExternalName."""
    if (ref.target.group, ref.target.kind) != (CORE, "Service"):
        return None
    service = objects.find(ref.target)
    if read(service, "spec", "type") == "ExternalName":
        return problem("service-external-name", ref.path, ref.target.name, service=ref)
    protocol = "UDP" if kind_of(manifest) == "UDPRoute" else "TCP"
    ports = {
        read(port, "port"): read(port, "name", default="")
        for port in values(service, "spec", "ports")
        if read(port, "protocol", default="TCP") == protocol
    }
    if ref.port in ports:
        return None
    known = [f"{port} ({name})" if name else str(port) for port, name in sorted(ports.items())]
    return problem(
        "service-port-missing",
        (*ref.path, "port"),
        ref.port,
        service=ref,
        protocol=protocol,
        port=ref.port,
        ports=listed(known) if known else "none",
    )


def unusable(objects: Objects, manifest: Manifest, ref: Reference) -> Problem | None:
    """The reason why `manifest` cannot use the target of a reference. Raises NotKnown when that depends on `up`."""
    return unresolved(objects, manifest, ref) or unusable_service(objects, manifest, ref)


def is_permitted(objects: Objects, origin: ObjectName, target: ObjectName) -> bool:
    """Whether `origin` may refer to `target`: in its own namespace, or by a ReferenceGrant.

    Raises NotKnown when a grant may exist in a namespace that the stack does not declare.
    """
    if target.namespace in ("", origin.namespace) or origin.kind in _NEED_NO_GRANT:
        return True
    grants = objects.of_kind(GATEWAY_API, "ReferenceGrant")
    if any(namespace_of(grant) == target.namespace and _grants(grant, origin, target) for grant in grants):
        return True
    if not objects.declares(target.namespace):
        raise NotKnown
    return False


def _grants(grant: Manifest, origin: ObjectName, target: ObjectName) -> bool:
    wanted = origin.group, origin.kind, origin.namespace
    return any(
        wanted == (read(source, "group", default=CORE), read(source, "kind"), read(source, "namespace"))
        for source in values(grant, "spec", "from")
    ) and any(
        (target.group, target.kind) == (read(destination, "group", default=CORE), read(destination, "kind"))
        and read(destination, "name", default=target.name) in ("", target.name)
        for destination in values(grant, "spec", "to")
    )


def _below(value: Any, path: Path) -> Iterator[tuple[Path, Any, str, str]]:
    for step, child in children(value):
        if step not in _FIELDS:
            yield from _below(child, (*path, step))
        elif isinstance(child, list):
            for index, item in children(child):
                yield (*path, step, index), item, *_FIELDS[step]
                yield from _below(item, (*path, step, index))  # a backend may have filters
        else:
            yield (*path, step), child, *_FIELDS[step]
