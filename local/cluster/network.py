"""The addresses of a cluster. All clusters use the same ones, as they exist in the cluster's own namespaces only."""

NODE = "10.250.0.2"
OUTSIDE = "10.250.0.1"
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
DOMAIN = "cluster.local"
API_PORT = 6443
METRICS_PORT = 4443
ETCD_PORT = 2379
ETCD_HEALTH_PORT = 2381
