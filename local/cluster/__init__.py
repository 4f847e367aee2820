"""A local one-node Kubernetes cluster of supervised processes in their own namespaces. Start with `cluster.Cluster`."""
