"""Manifests as short as a test wants them; everything that a test does not give is filled in."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatewayapi.kinds import CONTROLLER, CORE, ENVOY_GATEWAY, GATEWAY_API, GROUPS

Manifest = dict[str, Any]
CHAT, SHOP, SYSTEM = "chat", "shop", "envoy-gateway-system"
CLASS, MERGED = "separate", "merged"
_VERSIONS = {GATEWAY_API: "v1", ENVOY_GATEWAY: "v1alpha1", CORE: "v1"}
_CLUSTER_SCOPED = ("Namespace", "GatewayClass")
_KEY = ec.generate_private_key(ec.SECP256R1())


def complete(manifest: Manifest) -> Manifest:
    """The manifest, with default values for apiVersion, namespace and gatewayClassName if it lacks them."""
    kind: str = manifest["kind"]
    made = {"apiVersion": _api_version(kind)} | manifest
    if kind not in _CLUSTER_SCOPED:
        made["metadata"] = {"namespace": CHAT} | manifest["metadata"]
    if kind == "Gateway":
        made["spec"] = {"gatewayClassName": CLASS} | manifest["spec"]
    return made


def manifest(kind: str, name: str, *, namespace: str = CHAT, api_version: str = "", **fields: Any) -> Manifest:
    metadata = {"name": name} | ({} if kind in _CLUSTER_SCOPED else {"namespace": namespace})
    return {"apiVersion": api_version or _api_version(kind), "kind": kind, "metadata": metadata, **fields}


def namespace(name: str = CHAT, **labels: str) -> Manifest:
    made = manifest("Namespace", name)
    made["metadata"]["labels"] = labels
    return made


def listener(name: str = "http", port: int = 80, protocol: str = "HTTP", **fields: Any) -> Manifest:
    return {"name": name, "port": port, "protocol": protocol, **fields}


def tls_listener(name: str, hostname: str | None, *secrets: str | Manifest, port: int = 443, **fields: Any) -> Manifest:
    """An HTTPS listener; without a host name it serves every host."""
    refs = [{"name": secret} if isinstance(secret, str) else secret for secret in secrets]
    host = {"hostname": hostname} if hostname else {}
    return listener(name, port, "HTTPS", **host, tls={"certificateRefs": refs}, **fields)


def gateway_class(name: str, **spec: Any) -> tuple[Manifest, Manifest]:
    """An EnvoyProxy that runs no Envoy, and the class that refers to it."""
    kubernetes = {"envoyDeployment": {"replicas": 0}, "envoyService": {"type": "ClusterIP"}}
    provider = {"type": "Kubernetes", "kubernetes": kubernetes}
    proxy = manifest("EnvoyProxy", name, namespace=SYSTEM, spec={"provider": provider, **spec})
    ref = {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": name, "namespace": SYSTEM}
    return proxy, manifest("GatewayClass", name, spec={"controllerName": CONTROLLER, "parametersRef": ref})


def gateway(*listeners: Manifest, name: str = "gate", class_name: str = CLASS, **spec: Any) -> Manifest:
    fields = {"gatewayClassName": class_name, "listeners": list(listeners) or [listener()], **spec}
    return manifest("Gateway", name, spec=fields)


def listener_set(*listeners: Manifest, namespace: str = CHAT) -> Manifest:
    spec = {"parentRef": {"name": "gate", "namespace": CHAT}, "listeners": list(listeners)}
    return manifest("ListenerSet", "more", namespace=namespace, spec=spec)


def backend(name: str = "web", port: int | None = 80, **fields: Any) -> Manifest:
    return {"name": name, **({"port": port} if port else {}), **fields}


def rule(*backends: Manifest, **fields: Any) -> Manifest:
    return {"backendRefs": list(backends) or [backend()], **fields}


def path(value: str, kind: str = "PathPrefix") -> Manifest:
    return {"path": {"type": kind, "value": value}}


def route(
    *rules: Manifest,
    name: str = "web",
    kind: str = "HTTPRoute",
    namespace: str = CHAT,
    parents: Sequence[Manifest] = ({"name": "gate"},),
    labels: dict[str, str] | None = None,
    created: str = "",
    **spec: Any,
) -> Manifest:
    """A route, by default of every request to Service `web`. `created` is its creationTimestamp."""
    fields = {"parentRefs": list(parents), "rules": list(rules) or [rule()], **spec}
    made = manifest(kind, name, namespace=namespace, spec=fields)
    made["metadata"] |= ({"labels": labels} if labels else {}) | ({"creationTimestamp": created} if created else {})
    return made


def service(name: str = "web", *ports: int, protocol: str = "TCP", namespace: str = CHAT, **spec: Any) -> Manifest:
    """A Service with ports named `port-NUMBER`."""
    named = [{"name": f"port-{port}", "port": port, "protocol": protocol} for port in ports or (80,)]
    return manifest("Service", name, namespace=namespace, spec={"ports": named, **spec})


def grant(
    origin_kind: str, kind: str = "Service", *, group: str = CORE, origin: str = GATEWAY_API, **to: str
) -> Manifest:
    """A ReferenceGrant for objects of CHAT to refer to those of SHOP."""
    origins = [{"group": origin, "kind": origin_kind, "namespace": CHAT}]
    spec = {"from": origins, "to": [{"group": group, "kind": kind, **to}]}
    return manifest("ReferenceGrant", "grant", namespace=SHOP, spec=spec)


def policy(kind: str, name: str = "rules", *targets: Manifest, created: str = "", **spec: Any) -> Manifest:
    made = manifest(kind, name, spec={"targetRefs": list(targets), **spec})
    made["metadata"] |= {"creationTimestamp": created} if created else {}
    return made


def target(kind: str, name: str, section: str | None = None, group: str = GATEWAY_API) -> Manifest:
    return {"group": group, "kind": kind, "name": name, **({"sectionName": section} if section else {})}


def extension(kind: str, name: str, **spec: Any) -> Manifest:
    """An object of Envoy Gateway's own kinds."""
    return manifest(kind, name, api_version=f"{ENVOY_GATEWAY}/v1alpha1", spec=spec)


def extension_filter(name: str) -> Manifest:
    """A filter of a rule that refers to an HTTPRouteFilter."""
    return {"type": "ExtensionRef", "extensionRef": target("HTTPRouteFilter", name, group=ENVOY_GATEWAY)}


def config(extension_apis: str = "{}") -> Manifest:
    """The configuration of Envoy Gateway, as its release declares it."""
    text = f"apiVersion: {ENVOY_GATEWAY}/v1alpha1\nkind: EnvoyGateway\nextensionApis: {extension_apis}\n"
    return manifest("ConfigMap", "envoy-gateway-config", namespace=SYSTEM, data={"envoy-gateway.yaml": text})


def secret(name: str, data: dict[str, bytes], *, kind: str = "Opaque", namespace: str = CHAT) -> Manifest:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return manifest("Secret", name, namespace=namespace, type=kind, data=encoded)


def certificate(
    name: str, *hosts: str, begins: int = -1, ends: int = 30, other_key: bool = False, namespace: str = CHAT
) -> Manifest:
    """A Secret with a certificate for these hosts, valid between `begins` and `ends`, in days from now."""
    private = ec.generate_private_key(ec.SECP256R1()) if other_key else _KEY
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    data = {"tls.crt": _issued(hosts, begins, ends), "tls.key": pem}
    return secret(name, data, kind="kubernetes.io/tls", namespace=namespace)


def _api_version(kind: str) -> str:
    group = GROUPS.get(kind, CORE)
    return f"{group}/{_VERSIONS[group]}" if group else _VERSIONS[group]


@cache
def _issued(hosts: tuple[str, ...], begins: int, ends: int) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "case")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    )
    return builder.sign(_KEY, hashes.SHA256()).public_bytes(Encoding.PEM)
