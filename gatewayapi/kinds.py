"""Kinds of Gateway API and Envoy Gateway, their API groups, and the conditions that each reports."""

from typing import Literal, get_args

CORE = ""
CERT_MANAGER = "cert-manager.io"
GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
"""The `controllerName` of GatewayClasses that Envoy Gateway serves."""
OWNING_GATEWAY = f"{ENVOY_GATEWAY}/owning-gateway"
"""Start of the labels with which Envoy Gateway names the Gateway, its namespace, or the class of an Envoy's objects."""

ISSUERS = frozenset({f"{CERT_MANAGER}/issuer", f"{CERT_MANAGER}/cluster-issuer"})
"""Annotations of a Gateway that make cert-manager create the Secrets that its listeners refer to."""

RouteKind = Literal["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"]
ROUTES: tuple[RouteKind, ...] = get_args(RouteKind)
_ROUTE_KINDS: dict[str, tuple[RouteKind, ...]] = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute", "TCPRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
PROTOCOLS = tuple(_ROUTE_KINDS)
"""Protocols of listeners that Envoy Gateway serves."""


def route_kinds(protocol: str, tls_mode: str | None = None) -> tuple[RouteKind, ...]:
    """Kinds of routes that a listener of this protocol and `tls.mode` can serve; none for an unsupported protocol.

    Without TLS termination the SNI host name is all that Envoy can route by.
    https://gateway-api.sigs.k8s.io/guides/tls/
    """
    return ("TLSRoute",) if (protocol, tls_mode) == ("TLS", "Passthrough") else _ROUTE_KINDS.get(protocol, ())


PolicyKind = Literal[
    "BackendTLSPolicy",
    "BackendTrafficPolicy",
    "ClientTrafficPolicy",
    "EnvoyExtensionPolicy",
    "EnvoyPatchPolicy",
    "SecurityPolicy",
]
POLICIES: tuple[PolicyKind, ...] = get_args(PolicyKind)

READY_WHEN: dict[str, tuple[str, ...]] = {
    "GatewayClass": ("Accepted",),
    **dict.fromkeys(("Gateway", "ListenerSet"), ("Accepted", "Programmed")),
    **dict.fromkeys(ROUTES, ("Accepted", "ResolvedRefs")),
    **dict.fromkeys(POLICIES, ("Accepted",)),
    # Programmed: the patch was applied to Envoy's config.
    "EnvoyPatchPolicy": ("Accepted", "Programmed"),
    # cert-manager's kinds.
    **dict.fromkeys(("Issuer", "Certificate"), ("Ready",)),
}
"""Conditions that are True when an object is ready: per parent for a route, per ancestor for a policy."""

PARTIALLY_INVALID = "PartiallyInvalid"
"""Condition that is True when Envoy Gateway dropped some rules of a route, even though the route is Accepted.

https://gateway-api.sigs.k8s.io/geps/gep-1364/
"""

GROUPS: dict[str, str] = {
    **dict.fromkeys(("GatewayClass", "Gateway", "ListenerSet", *ROUTES, "ReferenceGrant"), GATEWAY_API),
    **{kind: GATEWAY_API if kind == "BackendTLSPolicy" else ENVOY_GATEWAY for kind in POLICIES},
    **dict.fromkeys(("HTTPRouteFilter", "Backend", "EnvoyProxy"), ENVOY_GATEWAY),
    **dict.fromkeys(("Service", "Namespace"), CORE),
}
"""API group of every kind that decides what happens to a request."""
