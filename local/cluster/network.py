"""The addresses of the cluster: the same in every cluster, as none of them exists outside its own namespaces."""

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
