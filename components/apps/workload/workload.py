"""Workload: one app that runs all the time, with its settings, pods and Service."""

from dataclasses import dataclass

import pulumi

from components.apps.workload import persistence, ports, scaling
from components.apps.workload.container import serving
from components.apps.workload.scope import WorkloadScope
from components.apps.workload.template import PodsArgs, create_template
from components.backend import Backend
from config import AppConfig
from kube.labels import selector
from kube.manifest import Manifest
from kube.readiness import SKIP_AWAIT, progress_deadline, rolled_out, wait_for
from kube.scheduling import disruption_budget, spread
from preview.recorder import config_source


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs(PodsArgs):
    health_path: str | None = None
    """Path that answers 200 when ready, unless the settings have one. None makes the probes open the port."""


class Workload(pulumi.ComponentResource):
    """A Deployment of one app, whose pods meet the *restricted* Pod Security Standard, with its settings and Service.

    Its objects are named after it: Deployment and ServiceAccount `<name>`, ConfigMap `<name>-configmap`. A workload
    with several pods has a PodDisruptionBudget, one with `scale` an autoscaler. It is ready when all of its pods are;
    it fails after `timeout_s`.
    """

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Workload", name, None, opts)

        settings, pods = args.settings, selector(name)
        scope = WorkloadScope(name=name, namespace=args.namespace, component=self, timeout_s=args.timeout_s)

        with config_source(settings.at()):
            template = create_template(
                scope,
                args,
                container_fields=serving(settings, args.health_path),
                pod_fields={"topologySpreadConstraints": spread(pods) if settings.has_several_pods else []},
            )
            deployment = scope.create(
                *("apps/v1", "Deployment", "deployment"),
                {"spec": _deployment(args, pods, template.manifest)},
                annotations=wait_for(*rolled_out()),
                after=template.needed,
            )
            if settings.scale:
                spec = scaling.autoscaler(settings.scale, name)
                scope.create("autoscaling/v2", "HorizontalPodAutoscaler", "hpa", {"spec": spec}, after=[deployment])
            if settings.has_several_pods:
                scope.create("policy/v1", "PodDisruptionBudget", "pdb", {"spec": disruption_budget(pods)})
            self._backend = _create_service(scope, settings, deployment) if settings.port else None

        self.register_outputs({})

    @property
    def backend(self) -> Backend:
        """The Service port that takes requests. Raises LookupError when the settings have no port."""
        if self._backend is None:
            raise LookupError("a workload without a port is not a backend")
        return self._backend

    @property
    def base_url(self) -> str:
        """The URL at which other pods of the namespace reach the workload."""
        port = "" if self.backend.port == 80 else f":{self.backend.port}"
        return f"http://{self.backend.service}{port}"


def _deployment(args: WorkloadArgs, pods: dict[str, str], template: Manifest) -> Manifest:
    return {
        **scaling.replicas(args.settings),
        "selector": {"matchLabels": pods},
        "progressDeadlineSeconds": progress_deadline(args.timeout_s),
        "strategy": persistence.RECREATE if args.settings.persistence else scaling.ROLLING,
        "template": template,
    }


def _create_service(scope: WorkloadScope, settings: AppConfig, deployment: pulumi.Resource) -> Backend:
    name = settings.service_name or scope.name
    pods = selector(scope.name)
    service = scope.create(
        *("v1", "Service", "service"),
        {"spec": {"selector": pods, "ports": ports.of_service(settings)}},
        name=name,
        annotations=SKIP_AWAIT,
        after=[deployment],
    )
    return Backend(
        namespace=scope.namespace.name,
        service=name,
        port=settings.service_port,
        pods=pods,
        pod_ports=ports.of_pods(settings),
        resource=service,
    )
