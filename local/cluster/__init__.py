"""A real one-node Kubernetes as supervised processes inside namespaces of their own. Start with `cluster.Cluster`."""
