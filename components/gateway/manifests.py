"""Gateway API and Envoy Gateway objects in wire form: plain values in, dictionaries out."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from config.raw import group
from config.values import Exposure
from gatewayapi.kinds import ENVOY_GATEWAY, GATEWAY_API, ISSUERS, PARTIALLY_INVALID, POLICIES, READY_WHEN, ROUTES
from kube import readiness
from kube.labels import metadata
from kube.merge import overlaid

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_APP = "gateway"

Wire = dict[str, Any]


def envoy_proxy(
    *,
    name: str,
    namespace: str,
    image: str | None,
    exposure: Exposure,
    node_ports: Sequence[Wire],
    fields: Wire,
) -> Wire:
    """How the Envoys of a Gateway run and are exposed; with exposure NodePort by `node_ports`, entries of a Service.

    Without an `image` they run the one that Envoy Gateway chooses; an image without a tag gets that one's. `fields` of
    the spec are laid over what is set here.
    """
    container: Wire = {"resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}}
    if image is not None:
        tagged = ":" in image.rpartition("/")[2]
        container["image" if tagged else "imageRepository"] = image
    service: Wire = {"type": exposure}
    if exposure == "LoadBalancer":
        # Keeps the client's address; the load balancer's health checks leave out the nodes without an Envoy.
        service["externalTrafficPolicy"] = "Local"
    if exposure == "NodePort":
        # Clients pick a node by themselves, so that every one must answer.
        service["externalTrafficPolicy"] = "Cluster"
        service["patch"] = {"type": "StrategicMerge", "value": {"spec": {"ports": list(node_ports)}}}
    said = group(group(fields.get("provider")).get("kubernetes"))
    pods = "envoyDaemonSet" if "envoyDaemonSet" in said else "envoyDeployment"
    kubernetes = {pods: {"container": container}, "envoyService": service}
    spec: Wire = {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}}
    return {
        "apiVersion": f"{ENVOY_GATEWAY}/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": overlaid(spec, fields),
    }


def node_port(*, port: int, protocol: str, node_port: int) -> Wire:
    """An entry of a Service: the port of every node that leads to `port`, which a listener of `protocol` serves."""
    return {"port": port, "protocol": "UDP" if protocol == "UDP" else "TCP", "nodePort": node_port}


def own_proxy(name: str) -> Wire:
    """The field of a Gateway by which an EnvoyProxy of its namespace takes the place of its class's.

    https://gateway.envoyproxy.io/docs/tasks/operations/customize-envoyproxy/
    """
    return {"infrastructure": {"parametersRef": {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": name}}}


def gateway_class(*, name: str, proxy_name: str, proxy_namespace: str) -> Wire:
    """A class served by Envoy Gateway, with the EnvoyProxy that its Gateways use."""
    proxy = {"group": ENVOY_GATEWAY, "kind": "EnvoyProxy", "name": proxy_name, "namespace": proxy_namespace}
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "GatewayClass",
        "metadata": metadata(_APP, name),
        "spec": {"controllerName": CONTROLLER, "parametersRef": proxy},
    }


def gateway(
    *,
    name: str,
    namespace: str,
    class_name: str,
    listeners: Sequence[Wire],
    annotations: Mapping[str, str],
    fields: Wire,
) -> Wire:
    """A Gateway of a class, with `fields` of its spec beside the listeners."""
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "Gateway",
        "metadata": metadata(_APP, name, namespace=namespace, annotations=annotations),
        "spec": {**fields, "gatewayClassName": class_name, "listeners": list(listeners)},
    }


def listener(*, name: str, protocol: str, port: int, fields: Wire) -> Wire:
    """One of a Gateway's listeners. It serves routes of the Gateway's own namespace unless `fields` say otherwise."""
    own_namespace = {"namespaces": {"from": "Same"}}
    return {"name": name, "protocol": protocol, "port": port, "allowedRoutes": own_namespace, **fields}


def route(
    *, api_version: str, kind: str, name: str, namespace: str, gateway_name: str, listeners: Sequence[str], fields: Wire
) -> Wire:
    """A route of any `kind` on listeners of a Gateway of its own namespace, with `fields` of its spec.

    Without any it is for the Gateway as a whole, which then says why none of its listeners takes it.
    """
    parents = [{"name": gateway_name, "sectionName": listener} for listener in listeners] or [{"name": gateway_name}]
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": {"parentRefs": parents, **fields},
    }


def policy(*, api_version: str, kind: str, name: str, namespace: str, targets: Sequence[Wire], fields: Wire) -> Wire:
    """A policy of any `kind` on `targets` of its own namespace, with `fields` of its spec."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": {**_targeting(kind, targets), **fields},
    }


def _targeting(kind: str, targets: Sequence[Wire]) -> Wire:
    if kind == "EnvoyPatchPolicy":
        return {"targetRef": targets[0]} if targets else {}
    return {"targetRefs": list(targets)} if targets else {}


def target(api_version: str, kind: str, name: str) -> Wire:
    """A `targetRef` to an object as a whole."""
    return {"group": api_version.rpartition("/")[0], "kind": kind, "name": name}


def reference_grant(
    *, api_version: str, name: str, namespace: str, route_kind: str, route_namespace: str, service: str
) -> Wire:
    """Lets the routes of one kind and namespace send requests to a Service of another namespace."""
    return {
        "apiVersion": api_version,
        "kind": "ReferenceGrant",
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": {
            "from": [{"group": GATEWAY_API, "kind": route_kind, "namespace": route_namespace}],
            "to": [{"group": "", "kind": "Service", "name": service}],
        },
    }


def redirect_to_https(port: int) -> Wire:
    """The fields of an HTTPRoute that sends all requests to HTTPS, but for those that a longer path takes: ACME's
    challenges stay free."""
    redirect: Wire = {"scheme": "https", "statusCode": 301} | ({} if port == 443 else {"port": port})
    return {"rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": redirect}]}]}


def direct_response(*, name: str, namespace: str, status: int, text: str) -> Wire:
    """An HTTPRouteFilter that answers every request by itself.

    https://gateway.envoyproxy.io/docs/tasks/traffic/direct-response/
    """
    answer = {"contentType": "text/plain; charset=utf-8", "body": {"type": "Inline", "inline": text}}
    return {
        "apiVersion": f"{ENVOY_GATEWAY}/v1alpha1",
        "kind": "HTTPRouteFilter",
        "metadata": metadata(_APP, name, namespace=namespace),
        "spec": {"directResponse": {**answer, "statusCode": status}},
    }


def answered_by(filter_name: str) -> Wire:
    """A rule of an HTTPRoute whose requests an HTTPRouteFilter of its namespace answers."""
    named = {"group": ENVOY_GATEWAY, "kind": "HTTPRouteFilter", "name": filter_name}
    return {"filters": [{"type": "ExtensionRef", "extensionRef": named}]}


def awaited(wire: Wire, *, ordered: Collection[str] = ()) -> Wire:
    """The object, ready when Envoy Gateway has taken it as a whole: at once where it says nothing of its kind.

    A Gateway does not wait for the listeners `ordered`: their certificates are ordered when it is there, and to get one
    may need its address.
    """
    wanted = READY_WHEN.get(wire["kind"], ())
    match wire["kind"]:
        case "GatewayClass":
            ready = readiness.holds(*wanted)
        case "Gateway" | "ListenerSet":
            # Programmed: an Envoy runs and has an address.
            ready = readiness.holds(*wanted)
            all_ordered = ISSUERS & wire["metadata"].get("annotations", {}).keys()
            listeners = [each for each in _groups(wire, "listeners") if each.get("name") not in ordered]
            for listener in [] if all_ordered else listeners:
                named = f"listeners[?@.name=='{listener.get('name')}']"
                ready += readiness.holds("Programmed", "ResolvedRefs", of=named)
        case kind if kind in ROUTES:
            parents = [_verdict_on(parent) for parent in _groups(wire, "parentRefs")]
            ready = [each for parent in parents for each in readiness.holds(*wanted, of=parent)]
            ready += [readiness.lacks(PARTIALLY_INVALID, of=parent) for parent in parents]
        case kind if kind in POLICIES:
            ready = readiness.holds_for_each(*wanted, of=f"ancestors[?@.controllerName=='{CONTROLLER}']")
        case "Deployment":
            ready = readiness.rolled_out()
        case _:
            ready = []
    annotations = {**readiness.until(*ready), **wire["metadata"].get("annotations", {})}
    return wire | {"metadata": wire["metadata"] | {"annotations": annotations}}


def _groups(wire: Wire, field: str) -> list[Wire]:
    """A list in the spec; what is none, or holds something else, has yet to be refused."""
    spec: object = wire.get("spec")
    items: object = cast(Wire, spec).get(field) if isinstance(spec, dict) else None
    return [each for each in cast(list[Any], items) if isinstance(each, dict)] if isinstance(items, list) else []


def _verdict_on(parent: Wire) -> str:
    named = [
        f"@.parentRef.{field}=='{parent[field]}'" for field in ("name", "namespace", "sectionName") if field in parent
    ]
    named += [f"@.parentRef.port=={parent['port']}"] if "port" in parent else []
    # Without blanks: with them the provider's parser takes no third operand.
    return f"parents[?{'&&'.join(named)}&&@.controllerName=='{CONTROLLER}']"
