"""Objects in wire form, as short as a test wants them."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Wire = dict[str, Any]
GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"
CLASS = "graph"
HERE, THERE, SYSTEM = "chat", "shop", "envoy-gateway-system"
_KEY = ec.generate_private_key(ec.SECP256R1())


def wire(api_version: str, kind: str, name: str, *, namespace: str | None = HERE, **fields: Any) -> Wire:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place}, **fields}


def namespace(name: str = HERE, **labels: str) -> Wire:
    made = wire("v1", "Namespace", name, namespace=None)
    made["metadata"]["labels"] = labels
    return made


def listener(name: str = "http", port: int = 80, protocol: str = "HTTP", **fields: Any) -> Wire:
    return {"name": name, "port": port, "protocol": protocol, **fields}


def tls_listener(name: str, hostname: str | None, *secrets: str | Wire, port: int = 443, **fields: Any) -> Wire:
    """Without a host name it is for every host."""
    refs = [{"name": secret} if isinstance(secret, str) else secret for secret in secrets]
    host = {"hostname": hostname} if hostname else {}
    return listener(name, port, "HTTPS", **host, tls={"certificateRefs": refs}, **fields)


def admitting(origin: str, *kinds: str, **selector: str) -> Wire:
    """`allowedRoutes` of a listener."""
    labels = {"selector": {"matchLabels": selector}} if selector else {}
    routes: Wire = {"namespaces": {"from": origin, **labels}}
    return {"allowedRoutes": routes | ({"kinds": [{"kind": kind} for kind in kinds]} if kinds else {})}


def gateway_class(name: str, **spec: Any) -> tuple[Wire, Wire]:
    """A class, and its EnvoyProxy: of no Envoys, since only what is said of them is of interest."""
    kubernetes = {"envoyDeployment": {"replicas": 0}, "envoyService": {"type": "ClusterIP"}}
    provider = {"type": "Kubernetes", "kubernetes": kubernetes}
    proxy = wire(f"{ENVOY_GATEWAY}/v1alpha1", "EnvoyProxy", name, namespace=SYSTEM, spec={"provider": provider, **spec})
    ref = {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": name, "namespace": SYSTEM}
    fields = {"controllerName": f"{ENVOY_GATEWAY}/gatewayclass-controller", "parametersRef": ref}
    return proxy, wire(f"{GATEWAY_API}/v1", "GatewayClass", name, namespace=None, spec=fields)


def gateway(*listeners: Wire, name: str = "gate", class_name: str = CLASS, **spec: Any) -> Wire:
    fields = {"gatewayClassName": class_name, "listeners": list(listeners) or [listener()], **spec}
    return wire(f"{GATEWAY_API}/v1", "Gateway", name, spec=fields)


def listener_set(*listeners: Wire, parent: str = "gate", name: str = "more", namespace: str = HERE) -> Wire:
    spec = {"parentRef": {"name": parent, "namespace": HERE}, "listeners": list(listeners)}
    return wire(f"{GATEWAY_API}/v1", "ListenerSet", name, namespace=namespace, spec=spec)


def backend(name: str = "web", port: int | None = 80, **fields: Any) -> Wire:
    return {"name": name, **({"port": port} if port else {}), **fields}


def rule(*backends: Wire, **fields: Any) -> Wire:
    return {"backendRefs": list(backends) or [backend()], **fields}


def path(value: str, kind: str = "PathPrefix") -> Wire:
    return {"path": {"type": kind, "value": value}}


def route(
    *rules: Wire,
    name: str = "web",
    kind: str = "HTTPRoute",
    namespace: str = HERE,
    parents: Sequence[Wire] = ({"name": "gate"},),
    **spec: Any,
) -> Wire:
    fields = {"parentRefs": list(parents), "rules": list(rules) or [rule()], **spec}
    return wire(f"{GATEWAY_API}/v1", kind, name, namespace=namespace, spec=fields)


def service(name: str = "web", *ports: int, protocol: str = "TCP", namespace: str = HERE, **spec: Any) -> Wire:
    each = [{"name": f"port-{port}", "port": port, "protocol": protocol} for port in ports or (80,)]
    return wire("v1", "Service", name, namespace=namespace, spec={"ports": each, **spec})


def grant(origin_kind: str, kind: str = "Service", *, group: str = "", origin: str = GATEWAY_API, **to: str) -> Wire:
    """That objects of HERE may refer to those of THERE."""
    froms = [{"group": origin, "kind": origin_kind, "namespace": HERE}]
    spec = {"from": froms, "to": [{"group": group, "kind": kind, **to}]}
    return wire(f"{GATEWAY_API}/v1", "ReferenceGrant", "lets-in", namespace=THERE, spec=spec)


def policy(kind: str, name: str = "rules", *targets: Wire, **spec: Any) -> Wire:
    group = f"{GATEWAY_API}/v1" if kind == "BackendTLSPolicy" else f"{ENVOY_GATEWAY}/v1alpha1"
    return wire(group, kind, name, spec={"targetRefs": list(targets), **spec})


def target(kind: str, name: str, section: str | None = None, group: str = GATEWAY_API) -> Wire:
    return {"group": group, "kind": kind, "name": name, **({"sectionName": section} if section else {})}


def extension(kind: str, name: str, **spec: Any) -> Wire:
    return wire(f"{ENVOY_GATEWAY}/v1alpha1", kind, name, spec=spec)


def config(extension_apis: str = "{}") -> Wire:
    """Envoy Gateway's own, as its release declares it."""
    text = f"apiVersion: {ENVOY_GATEWAY}/v1alpha1\nkind: EnvoyGateway\nextensionApis: {extension_apis}\n"
    data = {"envoy-gateway.yaml": text}
    return wire("v1", "ConfigMap", "envoy-gateway-config", namespace=SYSTEM, data=data)


def secret(name: str, data: dict[str, bytes], *, kind: str = "Opaque", namespace: str = HERE) -> Wire:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return wire("v1", "Secret", name, namespace=namespace, type=kind, data=encoded)


def certificate(
    name: str, *hosts: str, begins: int = -1, ends: int = 30, private: bytes | None = None, namespace: str = HERE
) -> Wire:
    """A Secret with a certificate for these hosts; its time is in days from now."""
    data = {"tls.crt": _issued(hosts, begins, ends), "tls.key": private or key()}
    return secret(name, data, kind="kubernetes.io/tls", namespace=namespace)


def key(*, new: bool = False) -> bytes:
    private = ec.generate_private_key(ec.SECP256R1()) if new else _KEY
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def _issued(hosts: tuple[str, ...], begins: int, ends: int) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "graph")])
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
