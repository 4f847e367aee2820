"""A release of Envoy Gateway in small: one object of each kind that matters, and where it comes from."""

import hashlib
from typing import Any

import yaml

from components.platform.release import Manifest, split
from config import EnvoyGatewayConfig

NAMESPACE = "envoy-gateway-system"
ORIGIN = "install.yaml"

Wire = dict[str, Any]
_LABELS = {"app": "envoy-gateway"}


def wire(api_version: str, kind: str, name: str, *, namespace: str | None = NAMESPACE, **fields: Any) -> Wire:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        **fields,
    }


def crd(plural: str, group: str, schema: Wire | None = None, kind: str = "") -> Wire:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = "v1alpha1" if group == "gateway.envoyproxy.io" else "v1"
    versions = [{"name": version, "served": True, "schema": {"openAPIV3Schema": schema or anything}}]
    scope = "Cluster" if kind == "GatewayClass" else "Namespaced"
    spec = {"group": group, "names": {"kind": kind}, "scope": scope, "versions": versions}
    return wire("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}", namespace=None, spec=spec)


def controller(image: str) -> Wire:
    template = {"metadata": {"labels": _LABELS}, "spec": {"containers": [{"name": "envoy-gateway", "image": image}]}}
    spec = {
        "replicas": 1,
        "progressDeadlineSeconds": 600,
        "selector": {"matchLabels": _LABELS},
        "template": template,
    }
    return wire("apps/v1", "Deployment", "envoy-gateway", spec=spec)


def with_every_kind() -> list[Wire]:
    """A release in which all that the program makes is served; its schemas take anything."""
    kinds = {
        "gateway.networking.k8s.io": ("GatewayClass", "Gateway", "HTTPRoute", "TCPRoute", "ReferenceGrant"),
        "gateway.envoyproxy.io": (
            "EnvoyProxy",
            "HTTPRouteFilter",
            "SecurityPolicy",
            "ClientTrafficPolicy",
            "BackendTrafficPolicy",
        ),
    }
    crds = [crd(kind.lower(), group, kind=kind) for group, served in kinds.items() for kind in served]
    return [*objects(), *crds]


def objects() -> list[Wire]:
    """In an order in which they could not be created."""
    once = {"spec": {"containers": [{"name": "certgen"}], "restartPolicy": "Never"}}
    job = {"backoffLimit": 1, "ttlSecondsAfterFinished": 30, "template": once}
    return [
        controller("registry.example.com/gateway:mirrored"),
        wire("batch/v1", "Job", "eg-gateway-helm-certgen", spec=job),
        wire("v1", "Service", "envoy-gateway", spec={"ports": [{"port": 18000}]}),
        wire("v1", "ConfigMap", "envoy-gateway-config", data={"envoy-gateway.yaml": "kind: EnvoyGateway"}),
        wire("v1", "ServiceAccount", "envoy-gateway"),
        wire("v1", "Namespace", NAMESPACE, namespace=None),
        crd("gatewayclasses", "gateway.networking.k8s.io"),
        crd("envoyproxies", "gateway.envoyproxy.io"),
    ]


def text(*documents: Wire) -> bytes:
    return yaml.safe_dump_all(documents or objects()).encode()


def source(**settings: Any) -> EnvoyGatewayConfig:
    return EnvoyGatewayConfig(**settings)


def manifest(*documents: Wire, **settings: Any) -> Manifest:
    data = text(*documents)
    return split(data, source(**settings), hashlib.sha256(data).hexdigest(), ORIGIN)
