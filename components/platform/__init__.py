"""Platform: Envoy Gateway and cert-manager, installed from their release manifests or expected to be there."""
