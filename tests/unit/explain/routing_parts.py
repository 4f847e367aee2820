"""Gateways, routes and Services in wire form, with all that a test does not say filled in."""

from typing import Any

from explain import Request, Verdict, explain

Wire = dict[str, Any]
NAMESPACE = "chat"
_VERSIONS = {"Namespace": "v1", "Service": "v1"}
_OF_ENVOY_GATEWAY = ("TrafficPolicy", "SecurityPolicy", "ExtensionPolicy", "HTTPRouteFilter", "EnvoyProxy", "Backend")


def an_object(kind: str, name: str, spec: Wire, *, namespace: str = NAMESPACE, **metadata: Any) -> Wire:
    envoy = kind.endswith(_OF_ENVOY_GATEWAY)
    group = "gateway.envoyproxy.io/v1alpha1" if envoy else "gateway.networking.k8s.io/v1"
    return {
        "apiVersion": _VERSIONS.get(kind, group),
        "kind": kind,
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}) | metadata,
        "spec": spec,
    }


def listener(name: str = "http", hostname: str = "", port: int = 80, protocol: str = "HTTP", **others: Any) -> Wire:
    wire = {"name": name, "port": port, "protocol": protocol} | others
    return wire | ({"hostname": hostname} if hostname else {})


def gateway(*listeners: Wire, name: str = "gw") -> Wire:
    return an_object("Gateway", name, {"gatewayClassName": "c", "listeners": list(listeners) or [listener()]})


def rule(*matches: Wire, to: str = "web", **others: Any) -> Wire:
    """One that sends to the Service `to`, port 80."""
    return {"matches": list(matches) or [{}], "backendRefs": [{"name": to, "port": 80}]} | others


def route(name: str, *rules: Wire, hostnames: tuple[str, ...] = (), kind: str = "HTTPRoute", **others: Any) -> Wire:
    parent = others.pop("parent", {})
    spec = {"parentRefs": [{"name": "gw"} | parent], "hostnames": list(hostnames), "rules": list(rules) or [rule()]}
    return an_object(kind, name, spec, **others)


def service(name: str = "web", port: int = 80, **others: Any) -> Wire:
    return an_object("Service", name, {"ports": [{"name": "http", "port": port}]}, **others)


def path(value: str, kind: str = "PathPrefix") -> Wire:
    return {"path": {"type": kind, "value": value}}


def ask(objects: list[Wire], url: str, method: str = "", *headers: str) -> Verdict:
    """With a Gateway `gw` and a Service `web`, unless `objects` has a Gateway."""
    own = [] if any(each["kind"] == "Gateway" for each in objects) else [gateway()]
    return explain([*own, service(), *objects], Request.of(url, method, headers))


def taker(objects: list[Wire], url: str, method: str = "", *headers: str) -> str | None:
    """`route/rule`, or None."""
    taken = ask(objects, url, method, *headers).taken
    return f"{taken.route.name}/{taken.rule}" if taken else None
