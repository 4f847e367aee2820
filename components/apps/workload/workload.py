"""Workload: one app that runs all the time, with its settings, pods and Service."""

from dataclasses import dataclass

import pulumi

from components.apps.workload import persistence, ports, scaling
from components.apps.workload.backend import Backend
from components.apps.workload.container import serving
from components.apps.workload.owner import Owner
from components.apps.workload.places import places
from components.apps.workload.template import PodsArgs, Template
from components.gateway.manifests import Wire
from config import AppConfig
from kube import readiness
from kube.labels import selector
from preview.recorder import declared_in_parts


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs(PodsArgs):
    health_path: str | None = None
    """Answers 200 when the process can serve; the settings may say another. None: its port is opened, no more."""


class Workload(pulumi.ComponentResource):
    """A Deployment of one app, whose pods meet the *restricted* Pod Security Standard, its settings and its Service.

    Its objects are named after it: Deployment and ServiceAccount `<name>`, ConfigMap `<name>-configmap`. What may have
    several pods has a PodDisruptionBudget, what has `scale` an autoscaler. It is ready when all of its pods are; it
    fails after `timeout_s`.
    """

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Workload", name, None, opts)

        settings, pods = args.settings, selector(name)
        owner = Owner(name=name, namespace=args.namespace, component=self, timeout_s=args.timeout_s)
        template = Template.made(
            owner,
            args,
            of_container=serving(settings, args.health_path),
            of_pod={"topologySpreadConstraints": scaling.spread(pods) if settings.is_several else []},
        )

        with declared_in_parts(places(settings, template.wire, ("spec", "template"))):
            deployment = owner.object(
                *("apps/v1", "Deployment", "deployment"),
                {"spec": _deployment(args, pods, template.wire)},
                notes=readiness.until(*readiness.rolled_out()),
                after=template.needed,
            )
        if settings.scale:
            spec = scaling.autoscaler(settings.scale, name)
            owner.object("autoscaling/v2", "HorizontalPodAutoscaler", "hpa", {"spec": spec}, after=[deployment])
        if settings.is_several:
            owner.object("policy/v1", "PodDisruptionBudget", "pdb", {"spec": scaling.disruption_budget(pods)})
        self._backend = _served(owner, settings, deployment) if settings.port else None

        self.register_outputs({})

    @property
    def backend(self) -> Backend:
        """Where it answers. Raises LookupError when its settings have no port."""
        if self._backend is None:
            raise LookupError("a workload without a port is no backend")
        return self._backend

    @property
    def base_url(self) -> str:
        """The URL at which other pods of the namespace reach it."""
        port = "" if self.backend.port == 80 else f":{self.backend.port}"
        return f"http://{self.backend.service}{port}"


def _deployment(args: WorkloadArgs, pods: dict[str, str], template: Wire) -> Wire:
    return {
        **scaling.replicas(args.settings),
        "selector": {"matchLabels": pods},
        "progressDeadlineSeconds": readiness.progress_deadline(args.timeout_s),
        "strategy": persistence.RECREATE if args.settings.persistence else scaling.ROLLING,
        "template": template,
    }


def _served(owner: Owner, settings: AppConfig, deployment: pulumi.Resource) -> Backend:
    name = settings.service_name or owner.name
    pods = selector(owner.name)
    with declared_in_parts(ports.places(settings)):
        service = owner.object(
            *("v1", "Service", "service"),
            {"spec": {"selector": pods, "ports": ports.of_service(settings)}},
            name=name,
            notes=readiness.SKIP,
            after=[deployment],
        )
    return Backend(
        namespace=owner.namespace.name,
        service=name,
        port=settings.service_port,
        pods=pods,
        pod_ports=ports.of_pods(settings),
        resource=service,
    )
