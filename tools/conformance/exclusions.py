"""What is left out of a run, each with its reason. Nothing else is missing from a report."""

FEATURES = {
    "Mesh": "It is tested by the profiles of service meshes. Envoy Gateway is none.",
    "GatewayHTTPSListenerDetectMisdirectedRequests": (
        "Envoy Gateway 1.9 answers a request for the host of another HTTPS listener with 404, not with 421: "
        "https://github.com/envoyproxy/gateway/issues/9577"
    ),
    "GatewayInfrastructurePropagation": (
        "Its test looks for the Envoys in the Gateway's namespace. "
        "Envoy Gateway runs them in its own, unless it is in the mode GatewayNamespace."
    ),
}
"""Features that Envoy Gateway 1.9 does not support in its default mode.

Its GatewayClass publishes no status.supportedFeatures, so these are the ones that its published report leaves out:
https://github.com/kubernetes-sigs/gateway-api/tree/main/conformance/reports/v1.6/envoy-gateway
"""
