"""Request: the declared objects as the API server would store them, with stand-ins for what others create."""

from collections.abc import Iterator, Sequence
from typing import Any

from checks.schema import Crds
from checks.schema.structural import stored
from gatewayapi.kinds import CORE, ENVOY_GATEWAY, GATEWAY_API
from gatewayapi.objects import Objects
from gatewayapi.references import Reference, Resolution, is_permitted, reference, references, resolve
from kube.manifest import Manifest, ObjectName, group_of, kind_of, name_of, namespace_of
from kube.read import NotKnown, read, values
from kube.unknown import UNKNOWN, known
from releases import CONFIG_KEY, CONFIG_MAP

_READ_BY_ENVOY_GATEWAY = {GATEWAY_API, ENVOY_GATEWAY, "discovery.k8s.io"}
_CORE_KINDS = {"ConfigMap", "Namespace", "Secret", "Service"}
STOOD_IN = {(CORE, kind) for kind in _CORE_KINDS}
"""Group and kind of the objects that get a stand-in where others have them."""
_ANY_CONFIG = """\
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyGateway
gateway: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
provider: {type: Kubernetes}
extensionApis: {enableBackend: true, enableEnvoyPatchPolicy: true, enableLua: true, enableSDSSecretRef: true}
rateLimit: {backend: {type: Redis, redis: {url: "redis.invalid:6379"}}}
"""
"""The configuration of a controller that others install: it permits every feature of Envoy Gateway's own kinds."""
_ANY_NAMESPACE = "envoy-gateway-system"
_CONTENT = {
    "Secret": (
        ".dockerconfigjson",
        ".htpasswd",
        "ca.crl",
        "ca.crt",
        "client-id",
        "client-secret",
        "credential",
        "tls.crt",
        "tls.key",
    ),
    "ConfigMap": ("ca.crl", "ca.crt", "jwks", "lua", "response.body"),
}
"""Keys that Envoy Gateway reads, by kind."""


def request(manifests: Sequence[Manifest], kinds: Crds) -> dict[str, Any]:
    """The question to the judge: its fields are those of `Request` in the judge's main.go."""
    objects = Objects(manifests)
    relevant = [manifest for manifest in manifests if _is_read(manifest)]
    namespace, config = _controller(objects)
    stored_objects = [_stored(manifest, kinds) for manifest in relevant]
    return {"namespace": namespace, "config": config, "objects": [*stored_objects, *_stand_ins(objects, relevant)]}


def _is_read(manifest: Manifest) -> bool:
    group = group_of(manifest)
    return group in _READ_BY_ENVOY_GATEWAY or (group == CORE and kind_of(manifest) in _CORE_KINDS)


def _controller(objects: Objects) -> tuple[str, str]:
    """Namespace and configuration of the controller. Those of one that others install are not known."""
    try:
        configs = [config for config in objects.of_kind(CORE, "ConfigMap") if name_of(config) == CONFIG_MAP]
        text = read(configs[0], "data", CONFIG_KEY) if len(configs) == 1 else None
        return (namespace_of(configs[0]), text) if isinstance(text, str) else (_ANY_NAMESPACE, _ANY_CONFIG)
    except NotKnown:
        return _ANY_NAMESPACE, _ANY_CONFIG


def _stored(manifest: Manifest, kinds: Crds) -> Manifest:
    """The object with the defaults of its schema, and null for contents that are not known before `up`."""
    kind = kinds.kinds.get((manifest.get("apiVersion", ""), manifest.get("kind", "")))
    return known(stored(_without_unknown(manifest), kind.schema if kind else {}))


def _without_unknown(manifest: Manifest) -> Manifest:
    """The object without the fields that are not known, but with the keys of contents that are not."""
    content = dict.fromkeys(_CONTENT.get(manifest.get("kind", ""), ()), UNKNOWN)
    found: Manifest = {}
    for name, value in manifest.items():
        if name in ("data", "stringData") and content:
            found[name] = content if value is UNKNOWN else value
        elif value is not UNKNOWN:
            found[name] = _pruned(value)
    return found


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(field) for name, field in value.items() if field is not UNKNOWN}
    if isinstance(value, list):
        return [_pruned(item) for item in value if item is not UNKNOWN]
    return value


def _stand_ins(objects: Objects, manifests: Sequence[Manifest]) -> Iterator[Manifest]:
    """Stand-ins for objects of others that these refer to, and the grants that permit it."""
    found: dict[ObjectName, Manifest] = {}
    for manifest in manifests:
        for ref in references_of(manifest):
            try:
                if resolve(objects, manifest, ref) is not Resolution.NOT_KNOWN:
                    continue
            except NotKnown:
                continue
            if not _is_permitted(objects, manifest, ref.target):
                grant = _grant(manifest, ref.target)
                found[ObjectName.of(grant)] = grant
            if not _exists(objects, ref.target):
                _add(found, manifest, ref)
    yield from found.values()


def references_of(manifest: Manifest) -> Iterator[Reference]:
    """All references of an object, those of listeners to certificates too."""
    try:
        for path, value, group, kind in references(manifest):
            yield reference(manifest, path, value, group, kind)
        for listener in values(manifest, "spec", "listeners"):
            for certificate in values(listener, "tls", "certificateRefs"):
                yield reference(manifest, (), certificate, CORE, "Secret")
    except NotKnown:
        return


def _is_permitted(objects: Objects, manifest: Manifest, target: ObjectName) -> bool:
    try:
        return is_permitted(objects, ObjectName.of(manifest), target)
    except NotKnown:
        return False


def _exists(objects: Objects, target: ObjectName) -> bool:
    try:
        return objects.find(target) is not None
    except NotKnown:
        return False


def _grant(manifest: Manifest, target: ObjectName) -> Manifest:
    origin = ObjectName.of(manifest)
    name = "-".join(filter(None, (origin.kind, origin.namespace, target.kind, "stand-in"))).lower()
    source = {"group": origin.group, "kind": origin.kind, "namespace": origin.namespace}
    return {
        "apiVersion": f"{GATEWAY_API}/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": name, "namespace": target.namespace},
        "spec": {"from": [source], "to": [{"group": target.group, "kind": target.kind}]},
    }


def _add(found: dict[ObjectName, Manifest], manifest: Manifest, ref: Reference) -> None:
    target = ref.target
    if (target.group, target.kind) not in STOOD_IN:
        return
    empty: Manifest = {
        "apiVersion": "v1",
        "kind": target.kind,
        "metadata": {"name": target.name, "namespace": target.namespace},
    }
    made = found.setdefault(target, empty)
    if target.kind == "Service":
        protocol = "UDP" if kind_of(manifest) == "UDPRoute" else "TCP"
        port = {"name": f"{protocol.lower()}-{ref.port}", "port": ref.port, "protocol": protocol}
        ports: list[Any] = made.setdefault("spec", {}).setdefault("ports", [])
        if ref.port is not None and port not in ports:
            ports.append(port)
    elif target.kind in _CONTENT:
        made.setdefault("data", {}).update(dict.fromkeys(_CONTENT[target.kind]))
        if ref.key is not None:
            made["data"][ref.key] = None
        if target.kind == "Secret":
            made["type"] = "kubernetes.io/tls"  # the only type that a listener takes; other fields take any
