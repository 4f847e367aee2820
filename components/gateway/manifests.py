"""Manifests of Gateway API and Envoy Gateway objects: plain values in, dicts out."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from config.values import Exposure
from gatewayapi.kinds import (
    CONTROLLER,
    ENVOY_GATEWAY,
    GATEWAY_API,
    ISSUERS,
    PARTIALLY_INVALID,
    POLICIES,
    READY_WHEN,
    ROUTES,
)
from kube.labels import metadata
from kube.manifest import Manifest
from kube.merge import merge
from kube.read import read, values
from kube.readiness import condition_absent, condition_true, condition_true_for_each, rolled_out, wait_for

_APP = "gateway"


def envoy_proxy(
    *,
    name: str,
    namespace: str,
    image: str | None,
    exposure: Exposure,
    node_ports: Sequence[Manifest],
    fields: Manifest,
) -> Manifest:
    """An EnvoyProxy, which sets how the Envoys of a Gateway run and are exposed.

    Exposure NodePort uses `node_ports`. Without an `image` the Envoys run Envoy Gateway's default image; an image
    without a tag gets the tag of the default image. `fields` are merged over the spec.
    """
    container: Manifest = {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}}
    if image is not None:
        has_tag = ":" in image.rpartition("/")[2]
        container["image" if has_tag else "imageRepository"] = image
    service: Manifest = {"type": exposure}
    if exposure == "LoadBalancer":
        # Keeps the client's address; the load balancer's health checks skip nodes without an Envoy.
        service["externalTrafficPolicy"] = "Local"
    if exposure == "NodePort":
        # Clients choose a node themselves, so every node must answer.
        service["externalTrafficPolicy"] = "Cluster"
        service["patch"] = {"type": "StrategicMerge", "value": {"spec": {"ports": list(node_ports)}}}
    is_daemon_set = read(fields, "provider", "kubernetes", "envoyDaemonSet") is not None
    pods = "envoyDaemonSet" if is_daemon_set else "envoyDeployment"
    kubernetes = {pods: {"container": container}, "envoyService": service}
    spec: Manifest = {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}}
    return {
        "apiVersion": f"{ENVOY_GATEWAY}/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": merge(spec, fields),
    }


def node_port(*, port: int, protocol: str, node_port: int) -> Manifest:
    """An entry of a Service's `ports`: a port on every node for the listener port `port`."""
    return {"port": port, "protocol": "UDP" if protocol == "UDP" else "TCP", "nodePort": node_port}


def own_envoy_proxy(name: str) -> Manifest:
    """Fields of a Gateway that replace the EnvoyProxy of its class by one in its own namespace.

    https://gateway.envoyproxy.io/docs/tasks/operations/customize-envoyproxy/
    """
    return {"infrastructure": {"parametersRef": {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": name}}}


def gateway_class(*, name: str, proxy_name: str, proxy_namespace: str) -> Manifest:
    """A GatewayClass for Envoy Gateway, with the EnvoyProxy that its Gateways use."""
    proxy = {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": proxy_name, "namespace": proxy_namespace}
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "GatewayClass",
        "metadata": metadata(_APP, name),
        "spec": {"controllerName": CONTROLLER, "parametersRef": proxy},
    }


def gateway(*, name: str, namespace: str, annotations: Mapping[str, str], spec: Manifest) -> Manifest:
    """A Gateway."""
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "Gateway",
        "metadata": metadata(_APP, name, namespace=namespace, annotations=annotations),
        "spec": spec,
    }


def route(
    *, api_version: str, kind: str, name: str, namespace: str, parents: Sequence[Manifest], fields: Manifest
) -> Manifest:
    """A route of any kind, with `fields` merged over its spec."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": merge({"parentRefs": parents}, fields),
    }


def parent_refs(gateway: str, listeners: Sequence[str]) -> list[Manifest]:
    """References to listeners of a Gateway in the same namespace; without any to the Gateway as a whole.

    Envoy Gateway then says why none of its listeners takes the route.
    """
    return [{"name": gateway, "sectionName": listener} for listener in listeners] or [{"name": gateway}]


def policy(
    *, api_version: str, kind: str, name: str, namespace: str, targets: Sequence[Manifest], fields: Manifest
) -> Manifest:
    """A policy of any kind, with `fields` merged over its spec."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": merge(_targets(kind, targets), fields),
    }


def _targets(kind: str, targets: Sequence[Manifest]) -> Manifest:
    if not targets:
        return {}
    return {"targetRef": targets[0]} if kind == "EnvoyPatchPolicy" else {"targetRefs": targets}


def target(api_version: str, kind: str, name: str) -> Manifest:
    """A `targetRef` to an object as a whole."""
    return {"group": api_version.rpartition("/")[0], "kind": kind, "name": name}


def reference_grant(
    *, api_version: str, name: str, namespace: str, route_kind: str, route_namespace: str, service: str
) -> Manifest:
    """A ReferenceGrant that lets routes of one kind and namespace refer to a Service of another namespace."""
    return {
        "apiVersion": api_version,
        "kind": "ReferenceGrant",
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": {
            "from": [{"group": GATEWAY_API, "kind": route_kind, "namespace": route_namespace}],
            "to": [{"group": "", "kind": "Service", "name": service}],
        },
    }


def redirect_to_https(port: int) -> Manifest:
    """Fields of an HTTPRoute that redirects to HTTPS. A longer path still wins, so that ACME challenges get through."""
    redirect: Manifest = {"scheme": "https", "statusCode": 301} | ({} if port == 443 else {"port": port})
    return {"rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": redirect}]}]}


def with_readiness(manifest: Manifest, *, except_listeners: Collection[str] = ()) -> Manifest:
    """The object, ready when Envoy Gateway has accepted it; at once if its kind has no status.

    A Gateway does not wait for `except_listeners`: their certificates are issued once it exists, and may need its
    address.
    """
    kind = manifest["kind"]
    conditions = READY_WHEN.get(kind, ())
    match kind:
        case "GatewayClass":
            ready = condition_true(*conditions)
        case "Gateway" | "ListenerSet":
            # Programmed: an Envoy runs and has an address.
            ready = condition_true(*conditions)
            all_issued = ISSUERS & manifest["metadata"].get("annotations", {}).keys()
            listeners = [listener for listener in _objects(manifest, "listeners") if not all_issued]
            for listener in listeners:
                if listener.get("name") not in except_listeners:
                    named = f"listeners[?@.name=='{listener.get('name')}']"
                    ready += condition_true("Programmed", "ResolvedRefs", of=named)
        case kind if kind in ROUTES:
            parents = [_parent_status(parent) for parent in _objects(manifest, "parentRefs")]
            ready = [expression for parent in parents for expression in condition_true(*conditions, of=parent)]
            ready += [condition_absent(PARTIALLY_INVALID, of=parent) for parent in parents]
        case kind if kind in POLICIES:
            ready = condition_true_for_each(*conditions, of=f"ancestors[?@.controllerName=='{CONTROLLER}']")
        case "Deployment":
            ready = rolled_out()
        case _:
            ready = []
    annotations = merge(wait_for(*ready), manifest["metadata"].get("annotations", {}))
    return merge(manifest, {"metadata": {"annotations": annotations}})


def _objects(manifest: Manifest, field: str) -> list[Any]:
    """The objects in a list of the spec. Anything else is refused by the checks."""
    return [item for item in values(manifest, "spec", field) if isinstance(item, dict)]


def _parent_status(parent: Manifest) -> str:
    named = [
        f"@.parentRef.{field}=='{parent[field]}'" for field in ("name", "namespace", "sectionName") if field in parent
    ]
    named += [f"@.parentRef.port=={parent['port']}"] if "port" in parent else []
    # Without spaces: with them the provider's parser takes no third operand.
    return f"parents[?{'&&'.join(named)}&&@.controllerName=='{CONTROLLER}']"
