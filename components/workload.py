"""Workload: one app, with its settings, pods and Service."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
from pulumi_kubernetes.core.v1 import ContainerArgsDict, HTTPGetActionArgsDict

from components import waiting
from components.labels import labels, metadata, selector
from components.namespace import Namespace
from config import AppConfig

# The images set no user; any will do that is not root, as the containers write nothing.
_USER = 65532
# A pod that ends still gets requests until every Envoy has heard of it.
_DRAIN_S = 3
# Of its own, for a change would replace the pods: how long an `up` waits must not.
_START_S = 120


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where a route may send requests. Made by a workload, so that no name and port is typed twice."""

    namespace: str
    service: str
    port: int
    resource: pulumi.Resource
    """The Service. It comes after the pods: what depends on it finds them."""


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs:
    settings: AppConfig
    namespace: Namespace
    environment: Mapping[str, str]
    """What the process reads from its environment, kept in a ConfigMap. A change replaces the pods, one by one."""
    health_path: str
    """Answers 200 when the process can serve."""
    timeout_s: int


class Workload(pulumi.ComponentResource):
    """A ConfigMap, a Deployment and a Service of one app, whose pods meet the *restricted* Pod Security Standard.

    Its objects are named after it: Deployment `<name>`, ConfigMap `<name>-configmap`. It is ready when all of its pods
    are; it fails after `timeout_s`.
    """

    backend: Backend
    base_url: str
    """The URL at which other pods of the namespace reach it."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Workload", name, None, opts)

        settings = args.settings
        service_port = "" if settings.service_port == 80 else f":{settings.service_port}"

        here = pulumi.ResourceOptions(parent=self, depends_on=[args.namespace.resource])
        settings_map = k8s.core.v1.ConfigMap(
            f"{name}-configmap",
            metadata=metadata(name, f"{name}-configmap", namespace=args.namespace.name),
            data=args.environment,
            opts=here,
        )
        rolled_out = waiting.until(*waiting.rolled_out())
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata(name, name, namespace=args.namespace.name, annotations=rolled_out),
            spec=_deployment_spec(name, args, settings_map.metadata["name"]),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=waiting.limit(args.timeout_s)),
        )
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata=metadata(name, settings.service_name, namespace=args.namespace.name, annotations=waiting.SKIP),
            spec={
                "selector": selector(name),
                "ports": [{"name": "http", "port": settings.service_port, "target_port": "http"}],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[deployment]),
        )

        self.backend = Backend(
            namespace=args.namespace.name,
            service=settings.service_name,
            port=settings.service_port,
            resource=service,
        )
        self.base_url = f"http://{settings.service_name}{service_port}"
        self.register_outputs({"backend": {"service": self.backend.service, "port": self.backend.port}})


def _deployment_spec(name: str, args: WorkloadArgs, settings_map: pulumi.Input[str]) -> DeploymentSpecArgsDict:
    checksum = hashlib.sha256(json.dumps(dict(args.environment), sort_keys=True).encode()).hexdigest()
    return {
        "replicas": args.settings.replicas,
        "selector": {"match_labels": selector(name)},
        "progress_deadline_seconds": waiting.progress_deadline(args.timeout_s),
        # A new pod answers before an old one goes.
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": {
            "metadata": {"labels": labels(name), "annotations": {"synergychat/settings-sha256": checksum}},
            "spec": {
                "containers": [_container(args, settings_map)],
                "automount_service_account_token": False,
                # The variables that Kubernetes adds per Service could shadow the app's own.
                "enable_service_links": False,
                "security_context": {
                    "run_as_non_root": True,
                    "run_as_user": _USER,
                    "run_as_group": _USER,
                    "seccomp_profile": {"type": "RuntimeDefault"},
                },
            },
        },
    }


def _container(args: WorkloadArgs, settings_map: pulumi.Input[str]) -> ContainerArgsDict:
    health: HTTPGetActionArgsDict = {"path": args.health_path, "port": "http"}
    return {
        "name": "app",
        "image": args.settings.image,
        # For the tag `latest` Kubernetes' own default is to pull always, which a machine without the registry can not.
        "image_pull_policy": "IfNotPresent",
        "ports": [{"name": "http", "container_port": args.settings.port}],
        "env_from": [{"config_map_ref": {"name": settings_map}}],
        "startup_probe": {"http_get": health, "period_seconds": 1, "failure_threshold": _START_S},
        "readiness_probe": {"http_get": health, "period_seconds": 5},
        "liveness_probe": {"http_get": health, "period_seconds": 10, "timeout_seconds": 5},
        "lifecycle": {"pre_stop": {"sleep": {"seconds": _DRAIN_S}}},
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
