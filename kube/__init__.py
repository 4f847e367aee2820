"""Kubernetes: reading, merging, labelling and registering manifests, and the connection to a cluster."""
