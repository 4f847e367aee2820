"""A small release of Envoy Gateway: one object of each kind that matters."""

import hashlib
from typing import Any

import yaml

from components.platform.envoy_gateway import ENVOY_GATEWAY
from components.platform.release import Release, split
from components.platform.sources import Source, manifest_source
from config import EnvoyGatewayConfig
from kube.manifest import Manifest

NAMESPACE = "envoy-gateway-system"
ORIGIN = "install.yaml"
_LABELS = {"app": "envoy-gateway"}


def manifest(api_version: str, kind: str, name: str, *, namespace: str | None = NAMESPACE, **fields: Any) -> Manifest:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        **fields,
    }


def crd(plural: str, group: str, schema: Manifest | None = None, kind: str = "") -> Manifest:
    """A CustomResourceDefinition; without a `schema` it takes any fields."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = "v1alpha1" if group == "gateway.envoyproxy.io" else "v1"
    versions = [{"name": version, "served": True, "schema": {"openAPIV3Schema": schema or anything}}]
    scope = "Cluster" if kind == "GatewayClass" else "Namespaced"
    spec = {"group": group, "names": {"kind": kind}, "scope": scope, "versions": versions}
    name = f"{plural}.{group}"
    return manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, namespace=None, spec=spec)


def controller(image: str) -> Manifest:
    template = {"metadata": {"labels": _LABELS}, "spec": {"containers": [{"name": "envoy-gateway", "image": image}]}}
    spec = {
        "replicas": 1,
        "progressDeadlineSeconds": 600,
        "selector": {"matchLabels": _LABELS},
        "template": template,
    }
    return manifest("apps/v1", "Deployment", "envoy-gateway", spec=spec)


def with_every_kind() -> list[Manifest]:
    """The objects of a release that serves every kind that the program declares, with any fields."""
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


def objects() -> list[Manifest]:
    """The objects of a release, in an order in which they could not be created."""
    pod = {"spec": {"containers": [{"name": "certgen"}], "restartPolicy": "Never"}}
    job = {"backoffLimit": 1, "ttlSecondsAfterFinished": 30, "template": pod}
    return [
        controller("registry.example.com/gateway:mirrored"),
        manifest("batch/v1", "Job", "eg-gateway-helm-certgen", spec=job),
        manifest("v1", "Service", "envoy-gateway", spec={"ports": [{"port": 18000}]}),
        manifest("v1", "ConfigMap", "envoy-gateway-config", data={"envoy-gateway.yaml": "kind: EnvoyGateway"}),
        manifest("v1", "ServiceAccount", "envoy-gateway"),
        manifest("v1", "Namespace", NAMESPACE, namespace=None),
        crd("gatewayclasses", "gateway.networking.k8s.io"),
        crd("envoyproxies", "gateway.envoyproxy.io"),
    ]


def text(*manifests: Manifest) -> bytes:
    return yaml.safe_dump_all(manifests or objects()).encode()


def source(**keys: Any) -> Source:
    """The source of the release for a stack with these keys in `envoyGateway`."""
    return manifest_source(ENVOY_GATEWAY, EnvoyGatewayConfig(**keys))


def release(*manifests: Manifest, **keys: Any) -> Release:
    data = text(*manifests)
    return split(data, source(**keys), hashlib.sha256(data).hexdigest(), ORIGIN)
