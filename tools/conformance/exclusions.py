"""Features that a run leaves out, each with its reason. A report covers all others."""

FEATURES = {
    "Mesh": "The profiles of service meshes test it. Envoy Gateway is not a service mesh.",
    "GatewayHTTPSListenerDetectMisdirectedRequests": (
        "Envoy Gateway 1.9 answers a request for the host of another HTTPS listener with 404, not with 421: "
        "https://github.com/envoyproxy/gateway/issues/9577"
    ),
    "GatewayInfrastructurePropagation": (
        "Its test looks for the Envoys in the Gateway's namespace. "
        "Envoy Gateway runs them in its own namespace, except in the mode GatewayNamespace."
    ),
}
"""Features that Envoy Gateway 1.9 does not support in its default mode.

Its GatewayClass has no status.supportedFeatures, so these are the features that its published report leaves out:
https://github.com/kubernetes-sigs/gateway-api/tree/main/conformance/reports/v1.6/envoy-gateway
"""
