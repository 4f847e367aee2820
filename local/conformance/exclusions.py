"""What is left out of a run, each with its reason. Nothing else may be missing from a report."""

FEATURES = {
    "Mesh": "For service meshes: Envoy Gateway is none, and its profiles are others.",
    "GatewayHTTPSListenerDetectMisdirectedRequests": (
        "Envoy Gateway 1.9 does not answer 421 on an HTTPS listener; its published report says so too."
    ),
    "GatewayInfrastructurePropagation": (
        "Envoy Gateway passes a Gateway's labels on only where it runs Envoy in the Gateway's own namespace "
        "(deploy.type GatewayNamespace). The stack has the default, as has the published report."
    ),
}
"""Features that Envoy Gateway 1.9 does not support in its default mode.

Its GatewayClass publishes no status.supportedFeatures, so the list is that of its own conformance run:
https://github.com/kubernetes-sigs/gateway-api/tree/main/conformance/reports/v1.6/envoy-gateway
"""
