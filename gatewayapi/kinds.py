"""The kinds of Gateway API and Envoy Gateway that a stack declares by kind, and the groups that have such kinds."""

from typing import Literal, get_args

CERT_MANAGER = "cert-manager.io"
GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"

ISSUERS = frozenset({f"{CERT_MANAGER}/issuer", f"{CERT_MANAGER}/cluster-issuer"})
"""Annotations of a Gateway by which cert-manager makes the Secrets that its listeners name."""

RouteKind = Literal["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"]
ROUTES: tuple[RouteKind, ...] = get_args(RouteKind)
_CARRIED: dict[str, tuple[RouteKind, ...]] = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute", "TCPRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
PROTOCOLS = tuple(_CARRIED)
"""What a listener can speak."""


def carried(protocol: str, tls_mode: str | None = None) -> tuple[RouteKind, ...]:
    """The kinds of routes that a listener of this protocol and `tls.mode` can serve; none for a protocol that Envoy
    Gateway does not know.

    Where TLS is not ended, the name in its handshake is all that there is to choose by.
    https://gateway-api.sigs.k8s.io/guides/tls/
    """
    return ("TLSRoute",) if (protocol, tls_mode) == ("TLS", "Passthrough") else _CARRIED.get(protocol, ())


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
    # Programmed: its patch has found what it is for.
    "EnvoyPatchPolicy": ("Accepted", "Programmed"),
    # Of cert-manager.
    **dict.fromkeys(("Issuer", "Certificate"), ("Ready",)),
}
"""The conditions that are True of an object that is ready: a route's for each parent, a policy's for each ancestor."""

PARTIALLY_INVALID = "PartiallyInvalid"
"""The condition that is True of a route of which some rules are dropped, though those above are True of it too.

https://gateway-api.sigs.k8s.io/geps/gep-1364/
"""
