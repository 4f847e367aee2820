"""Gateway API and Envoy Gateway objects in wire form: plain values in, dictionaries out."""

from typing import Any, Literal

import pulumi

from components import waiting
from components.labels import metadata

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_GATEWAY_API = "gateway.networking.k8s.io"
_ENVOY_GATEWAY = "gateway.envoyproxy.io"
_APP = "gateway"

Wire = dict[str, Any]


def envoy_proxy(
    *,
    name: str,
    namespace: pulumi.Input[str],
    image: str | None,
    exposure: Literal["LoadBalancer", "NodePort", "ClusterIP"],
    port: int,
    node_port: int | None,
) -> Wire:
    """How the Envoys of a class run and are exposed. `node_port` is the port of every node that leads to `port`.

    Without an `image` they run the one that Envoy Gateway chooses.
    """
    container: Wire = {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}}
    if image is not None:
        container["image"] = image
    service: Wire = {"type": exposure}
    if exposure == "LoadBalancer":
        # Keeps the client's address; the load balancer's health checks leave out the nodes without an Envoy.
        service["externalTrafficPolicy"] = "Local"
    if exposure == "NodePort":
        # Clients pick a node by themselves, so that every one must answer.
        service["externalTrafficPolicy"] = "Cluster"
        ports = [{"port": port, "protocol": "TCP", "nodePort": node_port}]
        service["patch"] = {"type": "StrategicMerge", "value": {"spec": {"ports": ports}}}
    kubernetes = {"envoyDeployment": {"container": container}, "envoyService": service}
    return {
        "apiVersion": f"{_ENVOY_GATEWAY}/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}},
    }


def gateway_class(*, name: str, proxy_name: pulumi.Input[str], proxy_namespace: pulumi.Input[str]) -> Wire:
    """A class served by Envoy Gateway, with the EnvoyProxy that its Gateways use. Ready when Accepted."""
    proxy = {"group": _ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": proxy_name, "namespace": proxy_namespace}
    return {
        "apiVersion": f"{_GATEWAY_API}/v1",
        "kind": "GatewayClass",
        "metadata": metadata(_APP, name, annotations=waiting.until_conditions("Accepted")),
        "spec": {"controllerName": CONTROLLER, "parametersRef": proxy},
    }


def gateway(
    *, name: str, namespace: pulumi.Input[str], class_name: pulumi.Input[str], listener: str, port: int
) -> Wire:
    """A Gateway with one HTTP listener for routes of its own namespace. Ready when Programmed: an Envoy runs and
    has an address."""
    return {
        "apiVersion": f"{_GATEWAY_API}/v1",
        "kind": "Gateway",
        "metadata": metadata(
            _APP, name, namespace=namespace, annotations=waiting.until_conditions("Accepted", "Programmed")
        ),
        "spec": {
            "gatewayClassName": class_name,
            "listeners": [
                {
                    "name": listener,
                    "protocol": "HTTP",
                    "port": port,
                    "allowedRoutes": {"namespaces": {"from": "Same"}},
                }
            ],
        },
    }


def http_route(
    *,
    name: str,
    namespace: pulumi.Input[str],
    hostname: str,
    gateway_name: str,
    listener: str,
    service: pulumi.Input[str],
    service_port: int,
) -> Wire:
    """Every path of `hostname` to one Service. Ready when that Gateway has accepted it and found the Service."""
    parent = f"@.parentRef.name=='{gateway_name}' && @.controllerName=='{CONTROLLER}'"
    ready = waiting.until_conditions("Accepted", "ResolvedRefs", of=f"parents[?{parent}]")
    return {
        "apiVersion": f"{_GATEWAY_API}/v1",
        "kind": "HTTPRoute",
        "metadata": metadata(_APP, name, namespace=namespace, annotations=ready),
        "spec": {
            "parentRefs": [{"name": gateway_name, "sectionName": listener}],
            "hostnames": [hostname],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [{"name": service, "port": service_port}],
                }
            ],
        },
    }
