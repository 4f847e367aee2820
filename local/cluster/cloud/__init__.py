"""The services that a cloud gives a node: load balancer addresses, a way to the API server, and volumes."""
